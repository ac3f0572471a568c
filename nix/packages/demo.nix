# The Docker Compose demo as an archive, with the release's image by digest.
{
  packages,
  runCommand,
  source,
}:
runCommand "glide-demo-${source.version}" { nativeBuildInputs = [ packages.release-tool ]; } ''
  release demo --source ${source.demo} --images ${packages.images} --out $out
''
