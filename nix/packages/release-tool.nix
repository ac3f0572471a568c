# The program that makes releases; `nix run .#release`.
{
  lib,
  command,
  platforms,
}:
command platforms.native "release" {
  ldflags = [
    "-s"
    "-w"
  ];

  meta = {
    description = "Maker of Glide's releases";
    homepage = "https://github.com/einstack/glide";
    license = lib.licenses.asl20;
    mainProgram = "release";
  };
}
