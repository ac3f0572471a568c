# The licences of the modules that the gateway is made of, and their notices.
{
  packages,
  platforms,
  program,
  source,
}:
program platforms.native {
  name = "glide-licenses-${source.version}";
  src = source.gateway;
  nativeBuildInputs = [ packages.release-tool ];
  buildPhase = ''
    runHook preBuild
    release licenses --out $out
    runHook postBuild
  '';
  installPhase = "true";
}
