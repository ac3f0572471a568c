# What each module of Glide has: whether it runs, its package, and its configuration, checked when it is built.
{ packages }:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.glide;
  yaml = pkgs.formats.yaml { };
in
{
  options.services.glide = {
    enable = lib.mkEnableOption "Glide, the LLM gateway";

    package = lib.mkOption {
      type = lib.types.package;
      default = packages.${pkgs.stdenv.hostPlatform.system}.glide;
      defaultText = lib.literalExpression "glide.packages.\${system}.glide";
      description = "The package with the gateway.";
    };

    settings = lib.mkOption {
      type = lib.types.nullOr yaml.type;
      default = null;
      example = lib.literalExpression ''
        {
          api.http.listen_addr = "0.0.0.0:9099";
          routers.language = [
            {
              id = "default";
              models = [
                {
                  id = "openai";
                  openai = {
                    model = "gpt-4o-mini";
                    api_key = "\''${env:OPENAI_API_KEY}";
                  };
                }
              ];
            }
          ];
        }
      '';
      description = ''
        Glide's configuration, by the keys of docs/configuration.md. Without any, the built-in one with a simulated
        model serves. What ends up here is readable by all: refer to secrets by `''${file:PATH}` or `''${env:NAME}`.
      '';
    };

    configFile = lib.mkOption {
      type = lib.types.path;
      readOnly = true;
      description = "The configuration file that the settings make. A mistake in them fails its build.";
    };
  };

  # Checked by a gateway that runs on the machine that builds.
  config.services.glide.configFile =
    pkgs.runCommand "glide-config.yaml"
      {
        nativeBuildInputs = [ packages.${pkgs.stdenv.buildPlatform.system}.glide ];
      }
      (
        if cfg.settings == null then
          "glide config default > $out"
        else
          ''
            cp ${yaml.generate "services.glide.settings" cfg.settings} services.glide.settings
            glide config check --no-lookup services.glide.settings
            cp services.glide.settings $out
          ''
      );
}
