# Images as an OCI layout: all of them with an index for each tag, or the archive of a given one.
# The digests of both are the same.
{
  lib,
  binaryFor,
  imageBase,
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

  parts = linkFarm "glide-image-parts" (
    {
      inherit (imageLayers) skeleton data;
    }
    // lib.listToAttrs (
      map (target: lib.nameValuePair target.name (imageLayers.binary target)) targets
      ++ map (image: lib.nameValuePair image.name (imageBase image)) (
        lib.filter (image: image.base != null) images
      )
    )
  );
  # For the bills of materials.
  binaries = linkFarm "glide-image-binaries" (
    map (target: {
      name = "glide-${target.name}";
      path = "${binaryFor target}/bin/glide";
    }) targets
  );

  name =
    if image == null then
      "glide-images-${source.version}"
    else
      "glide-${source.version}-${image.name}.tar";
in
runCommand name { nativeBuildInputs = [ packages.release-tool ]; } ''
  release images build --source ${source.facts} --parts ${parts} --binaries ${binaries} \
    --licenses ${packages.licenses} ${
      lib.optionalString (revision != null) "--revision ${revision}"
    } \
    ${lib.optionalString (image != null) "--image ${image.name}"} --out $out
''
