# The compiled dependencies of a program for a target, as a Go build cache: it depends on go.mod,
# go.sum, the toolchain and the flags alone, so that a change of our code recompiles our code.
{
  lib,
  program,
  source,
}:
target: command:
(program target {
  name = "${command}-dependencies-${target.name}";
  src = source.modules;

  # What a target cannot compile is no dependency of it.
  buildPhase = ''
    runHook preBuild
    go list -e -f '{{if not .Error}}{{.ImportPath}}{{end}}' ${
      lib.escapeShellArgs source.programs.${command}.imports
    } \
      | xargs go build -p $NIX_BUILD_CORES
    runHook postBuild
  '';

  # An entry of the cache ends in the time of its making, which would differ from build to build.
  installPhase = ''
    runHook preInstall
    rm -f $GOCACHE/trim.txt
    find $GOCACHE -name '*-a' -exec sed -i -E 's/ [ 0-9]{20}$/ 00000000000000000001/' {} +
    mv $GOCACHE $out
    runHook postInstall
  '';
}).overrideAttrs
  {
    # Go's index of the standard library names its folder. A binary still may not.
    disallowedReferences = [ ];
  }
