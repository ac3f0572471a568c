# The gateway's man pages and shell completions, the same for every target.
{
  runCommand,
  packages,
  source,
}:
runCommand "glide-docs-${source.version}" { nativeBuildInputs = [ packages.release-tool ]; } ''
  release docs --source ${source.facts} --out $out
''
