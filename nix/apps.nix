# What `nix run` starts: the gateway, `.#release`, `.#sign`, `.#verify` or `.#load-image`.
{ lib, packages }:
let
  app = package: {
    type = "app";
    program = lib.getExe package;
    meta = { inherit (package.meta) description; };
  };
in
{
  default = app packages.glide;
  release = app packages.release-tool;
  sign = app packages.sign;
  verify = app packages.verify;
  load-image = app packages.load-image;
}
