# services.glide of nix-darwin: a gateway for the primary user, by launchd.
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
    launchd.user.agents.glide = {
      command = lib.escapeShellArgs [
        (lib.getExe cfg.package)
        "serve"
        "--config"
        "${cfg.configFile}"
      ];
      serviceConfig = {
        KeepAlive = true;
        RunAtLoad = true;
        ProcessType = "Background";
        StandardErrorPath = "${config.system.primaryUserHome}/Library/Logs/glide.log";
      };
    };
  };
}
