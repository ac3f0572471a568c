# The binaries of some targets in one folder, with their SHA256SUMS: what `release build` makes.
{
  lib,
  binaryFor,
  runCommand,
  source,
}:
targets:
let
  copy = target: ''
    for binary in ${binaryFor target}/bin/*; do
      extension=''${binary##*/glide}
      cp $binary $out/glide-${target.name}$extension
    done
  '';
in
runCommand "glide-binaries-${source.version}" { } ''
  mkdir $out
  ${lib.concatMapStrings copy targets}
  cd $out
  LC_ALL=C sha256sum * > SHA256SUMS
''
