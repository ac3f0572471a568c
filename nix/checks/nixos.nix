# A NixOS machine serves, takes a change of its settings, and keeps a credential to itself. Null where the
# package set has no NixOS, or the machine is none that runs Linux.
{
  lib,
  packages,
  pkgs,
  platforms,
}:
let
  system = pkgs.stdenv.hostPlatform.system;
  inherit (pkgs.testers) runNixOSTest;
in
if
  platforms.native.goos != "linux"
  || !(pkgs ? path && builtins.pathExists (pkgs.path + "/nixos/lib/testing"))
then
  null
else
  runNixOSTest {
    name = "glide";
    nodes.machine = {
      imports = [ (import ../modules/nixos.nix { packages.${system} = packages; }) ];
      environment.etc."secret".text = "sk-secret";
      services.glide = {
        enable = true;
        credentials.key = "/etc/secret";
        settings.routers.language = [
          {
            id = "default";
            models = [
              {
                id = "simulated";
                simulated = { };
              }
              {
                id = "openai";
                openai = {
                  model = "gpt-4o-mini";
                  api_key = "\${file:/run/credentials/glide.service/key}";
                };
              }
            ];
          }
        ];
      };
      specialisation.renamed.configuration.services.glide.settings.routers.language = lib.mkForce [
        {
          id = "renamed";
          models = [
            {
              id = "simulated";
              simulated = { };
            }
          ];
        }
      ];
    };
    testScript = ''
      import json

      machine.wait_for_unit("glide.service")
      machine.wait_for_open_port(9099)
      request = json.dumps({"model": "default", "messages": [{"role": "user", "content": "Hello!"}]})
      chat = f"curl -sf http://127.0.0.1:9099/v1/chat/completions -H 'Content-Type: application/json' -d '{request}'"
      answer = json.loads(machine.succeed(chat))
      assert answer["choices"][0]["message"]["content"], answer

      before = machine.succeed("systemctl show --property MainPID glide.service")
      machine.succeed("/run/current-system/specialisation/renamed/bin/switch-to-configuration test")
      machine.wait_until_succeeds(chat.replace('"default"', '"renamed"'))
      assert machine.succeed("systemctl show --property MainPID glide.service") == before, "it was restarted"

      machine.fail("grep -r sk-secret /etc/glide/config.yaml")
      machine.succeed("systemd-analyze security --threshold=20 glide.service")
    '';
  }
