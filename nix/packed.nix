# What `release COMMAND` makes of the binaries, such as archives. That of one target alone is an
# attribute of it, such as archives.linux-amd64.
{
  lib,
  binariesFor,
  packages,
  platforms,
  runCommand,
  source,
}:
command:
{
  tools ? [ ],
  # What `release archives` made, if the command needs it.
  archives ? null,
}:
let
  of =
    targets: attrs: part:
    runCommand "glide-${command}-${source.version}"
      (attrs // { nativeBuildInputs = [ packages.release-tool ] ++ tools; })
      ''
        release ${command} --source ${source.texts} --out $out --binaries ${binariesFor targets} \
          --docs ${packages.glide-docs} --licenses ${packages.licenses} \
          ${lib.optionalString (archives != null) "--archives ${part archives}"} \
          ${lib.concatMapStringsSep " " (target: "--target ${target.name}") targets}
      '';
in
of (lib.attrValues platforms.targets) {
  passthru = lib.mapAttrs (name: target: of [ target ] { } (whole: whole.${name})) platforms.targets;
} (whole: whole)
