# Loads the image of the host's architecture into its container engine; `nix run .#load-image`.
{
  lib,
  packages,
  platforms,
  writeShellApplication,
}:
let
  name = "image-distroless-${lib.removePrefix "linux-" platforms.nativeContainer.name}";
in
writeShellApplication {
  name = "load-image";
  text = ''
    for engine in "$@" docker podman nerdctl; do
      if command -v "$engine" > /dev/null; then
        exec "$engine" load --input ${packages.${name}}
      fi
    done
    echo "load-image: there is no docker, podman or nerdctl; name another engine: nix run .#load-image -- ENGINE" >&2
    exit 1
  '';
  meta.description = "Load the distroless image into a container engine";
}
