# The matrix of platforms.json, by name: what is built, and what is refused and why.
{ lib, go }:
let
  matrix = lib.importJSON ./platforms.json;
  bases = lib.importJSON ./images/bases.lock.json;

  named = map (
    target:
    target
    // {
      name = "${target.goos}-${target.goarch}${lib.optionalString (target ? goarm) "v${target.goarm}"}";
    }
  ) matrix.targets;

  targets = byName (lib.filter (target: !target ? refused) named);

  byName = targets: lib.listToAttrs (map (target: lib.nameValuePair target.name target) targets);

  # The images that the matrix lists; `base` is what the lock has for one that stands on a base.
  images = lib.concatMap (
    target:
    map (distro: {
      inherit distro target;
      name = "${distro}-${lib.removePrefix "linux-" target.name}";
      base =
        if matrix.distros.${distro} ? base then
          bases.${distro}.platforms.${target.goarch} or { refused = "run release bases update"; }
        else
          null;
    }) target.images or [ ]
  ) (lib.attrValues targets);
in
{
  inherit (matrix) build;
  inherit targets;
  images = byName (lib.filter (image: image.base == null || !image.base ? refused) images);
  refusedImages = byName (lib.filter (image: image.base != null && image.base ? refused) images);

  refused = byName (lib.filter (target: target ? refused) named);

  # The target of the system that builds, and the one of containers on it.
  native = targets."${go.GOOS}-${go.GOARCH}";
  nativeContainer = targets."linux-${go.GOARCH}";
}
