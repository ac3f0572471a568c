{
  description = "Glide: an LLM gateway, and the factory that releases it";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    flake-utils.url = "github:numtide/flake-utils";
    gomod2nix = {
      url = "github:nix-community/gomod2nix";
      inputs.nixpkgs.follows = "nixpkgs";
      inputs.flake-utils.follows = "flake-utils";
    };
  };

  outputs =
    {
      self,
      nixpkgs,
      flake-utils,
      gomod2nix,
      ...
    }:
    {
      overlays.default = import ./nix/overlay.nix;

      inherit (import ./nix/modules { inherit (self) packages; })
        nixosModules
        homeModules
        darwinModules
        ;

      templates.default = {
        path = ./nix/templates/nixos;
        description = "A NixOS machine that serves Glide";
      };
    }
    # Where Nix builds, on each for every target. Intel Macs are none: nixpkgs drops them with 26.11.
    // flake-utils.lib.eachSystem [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ] (
      system:
      let
        glide = import ./nix {
          pkgs = nixpkgs.legacyPackages.${system};
          gomod2nix = gomod2nix.legacyPackages.${system};
          revision = self.rev or null;
        };
      in
      {
        inherit (glide) packages apps checks;
        # Not built by anyone: each throws why its target is not in the matrix.
        legacyPackages = glide.refused;
        devShells.default = glide.devShell;
        formatter = glide.formatter;
      }
    );
}
