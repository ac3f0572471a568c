# The gateway's man pages and shell completions, the same for every target.
{
  command,
  dependenciesFor,
  platforms,
  runCommand,
  source,
}:
let
  # Compiled on the gateway's own dependencies, which it shares but for a few.
  manual = command platforms.native "manual" {
    dependencies = dependenciesFor platforms.native "glide";
    meta.mainProgram = "manual";
  };
in
runCommand "glide-docs-${source.version}" { nativeBuildInputs = [ manual ]; } ''
  manual --source ${source.facts} --out $out
''
