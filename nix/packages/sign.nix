# Signs a release, or what registries have of it, by cosign; `nix run .#sign -- --from result`.
{
  cosign,
  packages,
  writeShellApplication,
}:
writeShellApplication {
  name = "sign";
  runtimeInputs = [
    cosign
    packages.release-tool
  ];
  text = ''
    exec release sign "$@"
  '';
  meta.description = "Sign a release";
}
