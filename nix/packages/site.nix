# The documentation as a static site with search, by mdBook: the pages that docs/README.md lists, in its order.
{
  lib,
  linkFarm,
  mdbook,
  runCommand,
  source,
  writeText,
}:
let
  repository = "https://github.com/einstack/glide";
  outline = "docs/README.md";

  read = page: builtins.readFile (../.. + "/${page}");

  # The text with each link to a file replaced by what it becomes.
  mapLinks =
    become: text:
    lib.concatMapStrings (
      part:
      if builtins.isList part then
        "](" + become (builtins.elemAt part 0) + builtins.elemAt part 1
      else
        part
    ) (builtins.split "]\\(([^):#]+)([)#])" text);

  links =
    text: map builtins.head (lib.filter builtins.isList (builtins.split "]\\(([^):#]+)[)#]" text));

  # The path from the root of what a page links to.
  resolve =
    page: link:
    lib.concatStringsSep "/" (
      lib.foldl' (
        path: part:
        if part == ".." then
          lib.init path
        else if part == "." then
          path
        else
          path ++ [ part ]
      ) [ ] (lib.splitString "/" "${dirOf page}/${link}")
    );

  pages = map (resolve outline) (links (read outline));

  isPicture = path: lib.hasSuffix ".svg" path || lib.hasSuffix ".png" path;
  pictures = lib.unique (
    lib.filter isPicture (lib.concatMap (page: map (resolve page) (links (read page))) pages)
  );

  # mdBook makes index.html of README.md, but leaves links to it. What is no page is on GitHub.
  becomes =
    page: link:
    let
      target = resolve page link;
      up = lib.concatStrings (map (_: "../") (lib.init (lib.splitString "/" page)));
    in
    if target == outline then
      "${up}index.md"
    else if lib.elem target pages then
      lib.replaceStrings [ "README.md" ] [ "index.md" ] link
    else if isPicture target then
      link
    else
      "${repository}/tree/main/${target}";

  book = linkFarm "glide-book-${source.version}" (
    {
      "book.toml" = ../../docs/book.toml;
      "src/SUMMARY.md" = writeText "SUMMARY.md" (mapLinks (resolve outline) (read outline));
    }
    // lib.listToAttrs (
      map (page: {
        name = "src/${page}";
        value = writeText "page.md" (mapLinks (becomes page) (read page));
      }) pages
      ++ map (picture: {
        name = "src/${picture}";
        value = ../.. + "/${picture}";
      }) pictures
    )
  );
in
runCommand "glide-site-${source.version}" { nativeBuildInputs = [ mdbook ]; } ''
  mdbook build --dest-dir $out ${book}
''
