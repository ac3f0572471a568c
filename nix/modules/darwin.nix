# services.glide of nix-darwin: a gateway for whoever is logged in, by launchd.
{ packages }:
{
  config,
  lib,
  ...
}:
let
  cfg = config.services.glide;
in
{
  imports = [ (import ./options.nix { inherit packages; }) ];

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ cfg.package ];
    launchd.user.agents.glide.serviceConfig = {
      ProgramArguments = [
        (lib.getExe cfg.package)
        "serve"
        "--config"
        "${cfg.configFile}"
      ];
      KeepAlive = true;
      RunAtLoad = true;
      ProcessType = "Background";
    };
  };
}
