# Every binary of the matrix is what a release promises. If not, `release inspect` says in what.
{
  goToolchain,
  packages,
  runCommand,
  source,
}:
runCommand "check-binaries" { nativeBuildInputs = [ packages.release-tool ]; } ''
  release inspect --source ${source.facts} --forbid ${goToolchain} --forbid $NIX_BUILD_TOP ${packages.binaries}
  touch $out
''
