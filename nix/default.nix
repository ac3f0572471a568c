# What the flake's outputs are made of, for one package set.
{
  pkgs,
  # For the workshop and the checks alone.
  gomod2nix ? null,
  revision ? null,
}:
let
  inherit (pkgs) lib;

  callPackage = lib.callPackageWith (pkgs // parts // { inherit gomod2nix packages revision; });

  # One attribute for each file of a folder, named like the file.
  fromFolder = directory: lib.packagesFromDirectoryRecursive { inherit callPackage directory; };

  parts = {
    lock = lib.importJSON ./lock.json;
    source = callPackage ./source.nix { };
    platforms = callPackage ./platforms.nix { };
    goToolchain = callPackage ./go.nix { };

    program = callPackage ./program.nix { };
    dependenciesFor = callPackage ./dependencies.nix { };
    command = callPackage ./command.nix { };
    binaryFor = callPackage ./binary.nix { };
    binariesFor = callPackage ./binaries.nix { };
    packed = callPackage ./packed.nix { };

    imageBase = callPackage ./images/base.nix { };
    imageLayers = callPackage ./images/layers.nix { };
    buildImages = callPackage ./images/index.nix { };
  };

  packages =
    fromFolder ./packages
    // lib.mapAttrs' (name: target: {
      name = "glide-${name}";
      value = parts.binaryFor target;
    }) parts.platforms.targets
    // lib.mapAttrs' (name: image: {
      name = "image-${name}";
      value = parts.buildImages { inherit image; };
    }) parts.platforms.images
    // {
      default = packages.glide;
    };
in
{
  inherit packages;
  apps = import ./apps.nix { inherit lib packages; };
  checks = lib.filterAttrs (_: check: check != null) (fromFolder ./checks);
  devShell = callPackage ./devshell.nix { };
  formatter = pkgs.nixfmt-tree;

  # What is refused, each with its reason as the error of building it.
  refused =
    lib.mapAttrs' (name: target: {
      name = "glide-${name}";
      value = throw "glide-${name} is not built: ${target.refused}";
    }) parts.platforms.refused
    // lib.mapAttrs' (name: image: {
      name = "image-${name}";
      value = throw "image-${name} is not built: ${image.base.refused}";
    }) parts.platforms.refusedImages;
}
