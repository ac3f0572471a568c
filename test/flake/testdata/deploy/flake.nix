# A flake that deploys Glide, with the settings of settings.json. In place of NixOS it calls the module with
# just as much of the module system as it uses.
{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    flake-utils.url = "github:numtide/flake-utils";
    gomod2nix = {
      url = "github:nix-community/gomod2nix";
      inputs.nixpkgs.follows = "nixpkgs";
      inputs.flake-utils.follows = "flake-utils";
    };
    glide = {
      url = "path:GLIDE";
      inputs.nixpkgs.follows = "nixpkgs";
      inputs.flake-utils.follows = "flake-utils";
      inputs.gomod2nix.follows = "gomod2nix";
    };
  };

  outputs =
    {
      nixpkgs,
      flake-utils,
      glide,
      ...
    }:
    flake-utils.lib.eachSystem (builtins.attrNames glide.packages) (
      system:
      let
        pkgs = nixpkgs.legacyPackages.${system};

        lib = nixpkgs.lib // {
          mkOption = option: option;
          mkEnableOption = _: { default = false; };
          mkIf = condition: value: if condition then value else { };
          literalExpression = text: text;
          types = throw "types are not looked at";
        };

        call = module: module { inherit config lib pkgs; };
        module = call (builtins.head glide.nixosModules.default.imports);
        shared = call (builtins.head module.imports);

        defaults = options: builtins.mapAttrs (_: option: option.default or null) options.services.glide;
        config.services.glide =
          defaults shared.options
          // defaults module.options
          // builtins.fromJSON (builtins.readFile ./settings.json)
          // shared.config.services.glide;

        failed = builtins.filter (check: !check.assertion) module.config.assertions;
      in
      {
        packages = {
          config = config.services.glide.configFile;
          machine =
            if failed != [ ] then
              throw (lib.concatMapStrings (check: check.message) failed)
            else
              pkgs.writeText "machine.json" (
                builtins.unsafeDiscardStringContext (
                  builtins.toJSON {
                    inherit (module.config) networking environment systemd;
                  }
                )
              );
          # The package that the overlay adds is the flake's own.
          overlay = pkgs.writeText "overlay" (
            lib.boolToString (
              (pkgs.extend glide.overlays.default).glide.outPath == glide.packages.${system}.glide.outPath
            )
          );
        };
      }
    );
}
