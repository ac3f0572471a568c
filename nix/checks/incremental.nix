# A binary on top of cached dependencies has the bytes of one that is compiled from nothing.
{
  binaryFor,
  platforms,
  runCommand,
}:
let
  cached = binaryFor platforms.native;
  cold = cached.overrideAttrs { dependencies = ""; };
in
runCommand "check-incremental" { } ''
  if ! cmp ${cached}/bin/glide ${cold}/bin/glide; then
    echo "compiled dependencies change the binary; see nix/dependencies.nix for what they are keyed on"
    exit 1
  fi
  touch $out
''
