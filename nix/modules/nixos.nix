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
  http = cfg.settings.api.http or { };
  address = http.listen_addr or "127.0.0.1:9099";
  port = builtins.match ".*:([0-9]+)" address;
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
      description = ''
        Whether systemd listens in Glide's place, so that none is refused while the service starts again. A new address
        counts after `systemctl restart glide.socket`, which starts the service again too.
      '';
    };

    openFirewall = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether to open the port of `settings.api.http.listen_addr` in the firewall.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.openFirewall -> port != null;
        message = ''
          services.glide.openFirewall: the port of "${address}" is not known when the machine is built; write it as a
          number in services.glide.settings.api.http.listen_addr, or open it by networking.firewall.allowedTCPPorts.
        '';
      }
      {
        assertion =
          cfg.socketActivation -> builtins.match "([0-9.]*|\\[[0-9a-fA-F:.]+]):[0-9]+" address != null;
        message = ''
          services.glide.socketActivation: systemd cannot listen on "${address}"; write an address such as
          "127.0.0.1:9099" or ":9099" in services.glide.settings.api.http.listen_addr.
        '';
      }
    ];

    environment.systemPackages = [ cfg.package ];
    # Where the unit looks.
    environment.etc."glide/config.yaml".source = cfg.configFile;
    networking.firewall.allowedTCPPorts = lib.optionals cfg.openFirewall (map lib.toInt port);

    systemd.packages = [ cfg.package ];
    systemd.sockets.glide = lib.mkIf cfg.socketActivation {
      wantedBy = [ "sockets.target" ];
      # systemd writes every address as a port alone.
      listenStreams = [ (lib.removePrefix ":" address) ];
    };
    systemd.services.glide = {
      wantedBy = lib.optional (!cfg.socketActivation) "multi-user.target";
      # So that a restart of the socket, which needs the service to be away, restarts both.
      requires = lib.optional cfg.socketActivation "glide.socket";
      # Stopping first would stop the socket too.
      stopIfChanged = false;
      # Glide takes new routers while it runs, but not a new address.
      reloadTriggers = [ cfg.configFile ];
      restartTriggers = map builtins.toJSON [
        http
        (cfg.settings.telemetry or { })
      ];
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
