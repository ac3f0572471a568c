# Go and Nix files are formatted. If not: make fmt.
{
  goToolchain,
  nixfmt,
  runCommand,
  source,
}:
runCommand "check-format"
  {
    nativeBuildInputs = [
      goToolchain
      nixfmt
    ];
  }
  ''
    cd ${source.all}
    unformatted=$(gofmt -l . && find . -name '*.nix' -exec nixfmt --check {} + 2>&1) || true
    if [ -n "$unformatted" ]; then
      printf '%s\n' "$unformatted" "run make fmt"
      exit 1
    fi
    touch $out
  ''
