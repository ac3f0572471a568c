# The source tree: its version, and what of it derivations depend on.
{ lib }:
let
  inherit (lib) fileset;

  version =
    let
      written = lib.removeSuffix "\n" (builtins.readFile ../VERSION);
      number = "(0|[1-9][0-9]*)";
    in
    if builtins.match "${number}\\.${number}\\.${number}(-rc\\.[1-9][0-9]*)?" written != null then
      written
    else
      throw "VERSION:1: \"${written}\" is not a version; write one such as 0.1.0 or 0.1.0-rc.1";

  tree =
    files:
    fileset.toSource {
      root = ../.;
      fileset = fileset.unions files;
    };

  # The files below a folder, without tests and their data: editing those rebuilds nothing.
  filesIn =
    folder:
    lib.concatLists (
      lib.mapAttrsToList (
        name: type:
        if type == "directory" then
          lib.optionals (name != "testdata") (filesIn (folder + "/${name}"))
        else
          lib.optional (builtins.match ".*_test\\.(go|yaml)" name == null) (folder + "/${name}")
      ) (builtins.readDir folder)
    );

  # The packages of internal that only cmd/release is made of.
  factory = [
    "archive"
    "bases"
    "changelog"
    "chart"
    "choco"
    "demo"
    "dist"
    "history"
    "homebrew"
    "image"
    "license"
    "linuxpkg"
    "lock"
    "manifest"
    "notes"
    "pack"
    "policy"
    "publish"
    "sbom"
    "scoop"
    "script"
    "snap"
    "tree"
    "verify"
    "winget"
    "wire"
  ];
  internal = lib.concatMap (name: filesIn (../internal + "/${name}"));

  modules = [
    ../go.mod
    ../go.sum
  ];

  glide =
    modules
    ++ [
      ../VERSION
      ../glide.go
    ]
    ++ filesIn ../cmd/glide
    ++ internal (
      lib.subtractLists (factory ++ [ "testkit" ]) (builtins.attrNames (builtins.readDir ../internal))
    );

  manual = glide ++ filesIn ../cmd/manual ++ internal [ "tree" ];

  # No part of the gateway, so that its changes don't make anew what this makes, but the package that
  # describes the configuration.
  release = modules ++ filesIn ../cmd/release ++ internal (factory ++ [ "config" ]);

  facts = modules ++ [
    ../VERSION
    ../CHANGELOG.md
    ./platforms.json
    ./go-toolchain.json
    ./images/bases.lock.json
  ];

  # The packages that Go files import, but for our own: what looks like an import, line by line, so
  # a text may pass for one. The go command will tell.
  imports =
    files:
    let
      form = "(import )?[[:space:]]*([[:alnum:]_.]+ )?\"([[:alnum:]./_-]+)\"";
      imported =
        line: lib.optional (builtins.match form line != null) (lib.last (builtins.match form line));
      lines = file: lib.splitString "\n" (builtins.readFile file);
    in
    lib.filter (path: !lib.hasPrefix "github.com/einstack/glide" path) (
      lib.unique (
        lib.concatMap imported (
          lib.concatMap lines (lib.filter (file: lib.hasSuffix ".go" (toString file)) files)
        )
      )
    );

  program = files: {
    src = tree files;
    imports = lib.sort (a: b: a < b) (imports files);
  };
in
{
  inherit version;

  # What the modules of others depend on.
  modules = tree modules;

  # By the names of their folders in cmd.
  programs = {
    glide = program glide;
    manual = program manual;
    release = program release;
  };

  # What the tree says of itself: the --source of the release tool.
  facts = tree facts;

  # And what goes into packages.
  texts = tree (
    facts
    ++ [
      ../LICENSE
      ../README.md
    ]
  );

  # And for the demo.
  demo = tree (facts ++ [ ../demo ]);
  # And for what the chart is made of.
  chart = tree (facts ++ [ ../LICENSE ] ++ filesIn ../charts/glide);

  # Everything that git tracks.
  all = tree [ (fileset.gitTracked ../.) ];
}
