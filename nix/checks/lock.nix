# Every generated file is fresh. If not: make lock.
{
  packages,
  platforms,
  program,
  source,
}:
program platforms.native {
  name = "check-lock";
  src = source.all;
  nativeBuildInputs = [ packages.release-tool ];
  buildPhase = ''
    runHook preBuild
    release lock --check
    runHook postBuild
  '';
  installPhase = "touch $out";
}
