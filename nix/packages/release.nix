# The whole release in one folder: every artifact, release.json that lists them, and SHA256SUMS.
{
  lib,
  packages,
  runCommand,
  source,
}:
runCommand "glide-release-${source.version}" { nativeBuildInputs = [ packages.release-tool ]; } ''
  release assemble --source ${source.facts} --archives ${packages.archives} \
    --installers ${packages.installers} --images ${packages.images} \
    ${lib.optionalString (packages ? chart) "--chart ${packages.chart}/*.tgz"} --out $out
''
