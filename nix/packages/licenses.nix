# The licences of the modules that the binaries are made of, and their notices.
{
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
    mkdir $out
    release licenses --binaries ${packages.binaries} --out $out
    runHook postBuild
  '';
  installPhase = "true";
}
