# The base of an image, a part like our own layers. Each of its blobs is a download of its own whose
# hash is its digest.
{
  lib,
  cacert,
  linkFarm,
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

  blobs = linkFarm "base-${image.name}-blobs" (
    lib.listToAttrs (
      [
        (blob "manifest" image.base.manifest)
        (blob "config" image.base.config)
      ]
      ++ map (layer: blob "layer" layer.digest) image.base.layers
    )
  );
in
runCommand "base-${image.name}" { nativeBuildInputs = [ packages.release-tool ]; } ''
  release images base --source ${source.facts} --image ${image.name} --blobs ${blobs} --out $out
''
