# The Helm chart, which installs the images by their digests.
{
  packages,
  runCommand,
  source,
}:
runCommand "glide-chart-${source.version}" { nativeBuildInputs = [ packages.release-tool ]; } ''
  release chart --source ${source.chart} --images ${packages.images} --out $out
''
