# Makes a release again and compares it with what is published; `nix run .#verify -- TAG`.
{
  cosign,
  git,
  packages,
  writeShellApplication,
}:
writeShellApplication {
  name = "verify";
  runtimeInputs = [
    cosign
    git
    packages.release-tool
  ];
  text = ''
    exec release verify "$@"
  '';
  meta.description = "Compare what is published of a release with what its source makes";
}
