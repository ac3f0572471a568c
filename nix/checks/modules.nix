# gomod2nix takes every module by its hash in gomod2nix.toml. If not: make lock.
{
  gomod2nix,
  goToolchain,
}:
(gomod2nix.buildGoApplication {
  pname = "modules";
  pwd = ../..;
  go = goToolchain;
}).vendorEnv
