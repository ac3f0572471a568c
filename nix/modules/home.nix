# services.glide of home-manager: a gateway of one's own, by systemd on Linux and launchd on macOS.
{ packages }:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.glide;
  command = [
    (lib.getExe cfg.package)
    "serve"
    "--config"
    "${cfg.configFile}"
  ];
in
{
  imports = [ (import ./options.nix { inherit packages; }) ];

  config = lib.mkIf cfg.enable {
    home.packages = [ cfg.package ];

    systemd.user.services.glide = lib.mkIf pkgs.stdenv.hostPlatform.isLinux {
      Unit.Description = "Glide LLM gateway";
      Service = {
        ExecStart = lib.escapeShellArgs command;
        Restart = "on-failure";
      };
      Install.WantedBy = [ "default.target" ];
    };
    launchd.agents.glide = lib.mkIf pkgs.stdenv.hostPlatform.isDarwin {
      enable = true;
      config = {
        ProgramArguments = command;
        KeepAlive = true;
        ProcessType = "Background";
        StandardErrorPath = "${config.home.homeDirectory}/Library/Logs/glide.log";
      };
    };
  };
}
