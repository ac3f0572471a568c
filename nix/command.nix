# A program of cmd for a target, compiled on top of its compiled dependencies.
{
  dependenciesFor,
  program,
  source,
}:
target: command: attrs:
program target (
  {
    pname = command;
    inherit (source) version;
    inherit (source.programs.${command}) src;
    subPackages = [ "cmd/${command}" ];

    # A build cache of links: go takes what is in it, and writes what is not beside it.
    dependencies = dependenciesFor target command;
    postConfigure = ''
      if [ -n "$dependencies" ]; then
        cp -rs --no-preserve=mode "$dependencies" "$GOCACHE"
        # Otherwise go would look through it for old entries.
        date +%s > "$GOCACHE/trim.txt"
      fi
    '';
  }
  // attrs
)
