# The binaries packed with their manual and completions, and their bills of materials.
{
  packages,
  runCommand,
  source,
}:
runCommand "glide-archives-${source.version}" { nativeBuildInputs = [ packages.release-tool ]; } ''
  release archives --source ${source.texts} --out $out \
    --binaries ${packages.binaries} --docs ${packages.glide-docs} --licenses ${packages.licenses}
''
