# Images as an OCI layout: all of them with an index for each tag, or the archive of a given one.
# The digests of both are the same.
{
  lib,
  baseBlobs,
  imageLayers,
  linkFarm,
  packages,
  platforms,
  revision,
  runCommand,
  source,
}:
{
  image ? null,
}:
let
  images = if image == null then lib.attrValues platforms.images else [ image ];
  targets = lib.unique (map ({ target, ... }: target) images);

  archives = linkFarm "glide-image-archives" (
    map (target: {
      name = "${target.name}.tar";
      path = imageLayers target;
    }) targets
  );
  blobs = linkFarm "glide-image-bases" (lib.foldl' (all: image: all // baseBlobs image) { } images);

  name =
    if image == null then
      "glide-images-${source.version}"
    else
      "glide-${source.version}-${image.name}.tar";
in
runCommand name { nativeBuildInputs = [ packages.release-tool ]; } ''
  release images build --source ${source.facts} --archives ${archives} --blobs ${blobs} \
    ${lib.optionalString (revision != null) "--revision ${revision}"} \
    ${lib.optionalString (image != null) "--image ${image.name}"} --out $out
''
