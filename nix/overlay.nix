# Adds the gateway to a package set.
{ gomod2nix }:
final: _:
let
  glide = import ./. {
    pkgs = final;
    gomod2nix = gomod2nix.legacyPackages.${final.stdenv.hostPlatform.system};
  };
in
{
  inherit (glide.packages) glide;
}
