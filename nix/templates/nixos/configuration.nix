# The machine and its gateway.
{
  # Or what this machine starts by.
  boot.loader.systemd-boot.enable = true;

  services.glide = {
    enable = true;
    openFirewall = true;

    # A file with the key alone, put there by sops-nix, agenix or by hand.
    credentials.openai = "/run/secrets/openai";

    settings = {
      api.http.listen_addr = "0.0.0.0:9099";
      routers.language = [
        {
          id = "default";
          models = [
            {
              id = "openai";
              openai = {
                model = "gpt-4o-mini";
                api_key = "\${file:/run/credentials/glide.service/openai}";
              };
            }
          ];
        }
      ];
    };
  };

  system.stateVersion = "26.05";
}
