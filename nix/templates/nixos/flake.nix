{
  description = "A machine that serves Glide";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    glide.url = "github:einstack/glide";
  };

  outputs =
    { nixpkgs, glide, ... }:
    {
      nixosConfigurations.gateway = nixpkgs.lib.nixosSystem {
        system = "x86_64-linux";
        modules = [
          glide.nixosModules.default
          ./configuration.nix
          ./hardware-configuration.nix
        ];
      };
    };
}
