# The matrix of platforms.json, by name: what is built, and what is refused and why.
{ lib, go }:
let
  matrix = lib.importJSON ./platforms.json;

  named = map (
    target:
    target
    // {
      name = "${target.goos}-${target.goarch}${lib.optionalString (target ? goarm) "v${target.goarm}"}";
    }
  ) matrix.targets;

  targets = byName (lib.filter (target: !target ? refused) named);

  byName = targets: lib.listToAttrs (map (target: lib.nameValuePair target.name target) targets);
in
{
  inherit (matrix) build;
  inherit targets;
  refused = byName (lib.filter (target: target ? refused) named);

  # The target of the system that builds.
  native = targets."${go.GOOS}-${go.GOARCH}";
}
