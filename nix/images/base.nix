# The blobs of an image's base by their places in a layout, each a download of its own whose hash
# is its digest.
{
  lib,
  cacert,
  packages,
  runCommand,
  source,
}:
image:
let
  hex = lib.removePrefix "sha256:";

  blob =
    kind: digest:
    lib.nameValuePair "blobs/sha256/${hex digest}" (
      runCommand "base-${image.name}-${kind}"
        {
          nativeBuildInputs = [
            cacert
            packages.release-tool
          ];
          # A registry of the user's own; see `release bases --help`.
          impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [ "GLIDE_REGISTRY_MIRROR" ];
          outputHashMode = "flat";
          outputHashAlgo = "sha256";
          outputHash = hex digest;
        }
        ''
          release bases fetch --source ${source.facts} --image ${image.name} --kind ${kind} \
            --out $out ${digest}
        ''
    );
in
lib.listToAttrs (
  lib.optionals (image.base != null) (
    [
      (blob "manifest" image.base.manifest)
      (blob "config" image.base.config)
    ]
    ++ map (layer: blob "layer" layer.digest) image.base.layers
  )
)
