# The licences of the modules that the gateway is made of, and their notices. They depend on what it
# imports of others, so that a change of our code makes none of them anew.
{
  lib,
  packages,
  platforms,
  program,
  source,
}:
program platforms.native {
  name = "glide-licenses-${source.version}";
  src = source.facts;
  nativeBuildInputs = [ packages.release-tool ];
  buildPhase = ''
    runHook preBuild
    release licenses --out $out ${lib.escapeShellArgs source.programs.glide.imports}
    runHook postBuild
  '';
  installPhase = "true";
}
