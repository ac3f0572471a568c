# The flake's modules. Each is known by its file, so that it may be imported twice and errors can name it.
{ packages }:
let
  module = file: {
    _file = toString file;
    key = toString file;
    imports = [ (import file { inherit packages; }) ];
  };
in
{
  nixosModules.default = module ./nixos.nix;
  homeModules.default = module ./home.nix;
  darwinModules.default = module ./darwin.nix;
}
