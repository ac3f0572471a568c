# services.glide on NixOS: the unit of the packages, with the settings as its configuration.
{ packages }:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.glide;
  address = cfg.settings.api.http.listen_addr or "127.0.0.1:9099";
  port = lib.toInt (lib.last (lib.splitString ":" address));
in
{
  imports = [ (import ./options.nix { inherit packages; }) ];

  options.services.glide = {
    credentials = lib.mkOption {
      type = lib.types.attrsOf lib.types.externalPath;
      default = { };
      example = {
        openai = "/run/secrets/openai";
      };
      description = ''
        Files with secrets, by a name. root reads them when the service starts, and the settings name them as
        `''${file:/run/credentials/glide.service/NAME}`. When a file changes, restart the service.
      '';
    };

    environmentFiles = lib.mkOption {
      type = lib.types.listOf lib.types.externalPath;
      default = [ ];
      example = [ "/run/secrets/glide.env" ];
      description = "Files of `NAME=value` lines, which the settings name as `\${env:NAME}`.";
    };

    socketActivation = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether systemd listens in Glide's place, so that none is refused while the service starts again.";
    };

    openFirewall = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether to open the port of `settings.api.http.listen_addr` in the firewall.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ cfg.package ];
    # Where the unit looks. Glide reads it again when it changes, so nothing restarts.
    environment.etc."glide/config.yaml".source = cfg.configFile;
    networking.firewall.allowedTCPPorts = lib.optional cfg.openFirewall port;

    systemd.packages = [ cfg.package ];
    systemd.sockets.glide = lib.mkIf cfg.socketActivation {
      wantedBy = [ "sockets.target" ];
      listenStreams = [ address ];
    };
    systemd.services.glide = {
      wantedBy = lib.optional (!cfg.socketActivation) "multi-user.target";
      reloadTriggers = [ cfg.configFile ];
      serviceConfig = {
        # An empty line takes back that of the packages' unit, which has no such program here.
        ExecReload = [
          ""
          "${pkgs.coreutils}/bin/kill -HUP $MAINPID"
        ];
        LoadCredential = lib.mapAttrsToList (name: file: "${name}:${file}") cfg.credentials;
        EnvironmentFile = cfg.environmentFiles;
      };
    };
  };
}
