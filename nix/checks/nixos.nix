# A NixOS machine serves, takes a change of its settings, moves to another address, and keeps a credential to
# itself. Null where the package set has no NixOS, or where hosted runners have no KVM.
{
  lib,
  packages,
  pkgs,
}:
let
  system = pkgs.stdenv.hostPlatform.system;
  inherit (pkgs.testers) runNixOSTest;
  glide = import ../modules { packages.${system} = packages; };
in
if
  system != "x86_64-linux" || !(pkgs ? path && builtins.pathExists (pkgs.path + "/nixos/lib/testing"))
then
  null
else
  runNixOSTest {
    name = "glide";
    nodes.machine = {
      # Twice, as when two modules of a user's import it.
      imports = [
        glide.nixosModules.default
        glide.nixosModules.default
      ];
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
      specialisation.moved.configuration.services.glide.settings.api.http.listen_addr = ":9100";
      specialisation.activated.configuration.services.glide = {
        socketActivation = true;
        settings.api.http.listen_addr = ":9100";
      };
    };
    testScript = ''
      import json

      def switch(name):
          machine.succeed(f"/run/booted-system/specialisation/{name}/bin/switch-to-configuration test")

      machine.wait_for_unit("glide.service")
      machine.wait_for_open_port(9099)
      request = json.dumps({"model": "default", "messages": [{"role": "user", "content": "Hello!"}]})
      chat = f"curl -sf http://127.0.0.1:9099/v1/chat/completions -H 'Content-Type: application/json' -d '{request}'"
      answer = json.loads(machine.succeed(chat))
      assert answer["choices"][0]["message"]["content"], answer

      before = machine.succeed("systemctl show --property MainPID glide.service")
      switch("renamed")
      machine.wait_until_succeeds(chat.replace('"default"', '"renamed"'))
      assert machine.succeed("systemctl show --property MainPID glide.service") == before, "it was restarted"

      switch("moved")
      machine.wait_until_succeeds(chat.replace("9099", "9100"))
      switch("activated")
      machine.wait_until_succeeds(chat.replace("9099", "9100"))
      machine.succeed("systemctl is-active glide.socket")
      machine.succeed("systemctl restart glide.socket")
      machine.wait_until_succeeds(chat.replace("9099", "9100"))

      machine.fail("grep -r sk-secret /etc/glide/config.yaml")
      machine.succeed("systemd-analyze security --threshold=20 glide.service")
    '';
  }
