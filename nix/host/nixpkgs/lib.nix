# The part of nixpkgs' lib that a project's flake calls, by nixpkgs' names and meaning.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    elem
    elemAt
    foldl'
    isAttrs
    isList
    isString
    length
    listToAttrs
    replaceStrings
    stringLength
    substring
    ;

  chars = text: map (i: substring i 1 text) (builtins.genList (i: i) (stringLength text));

  lower = chars "abcdefghijklmnopqrstuvwxyz";
  upper = chars "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

  license = spdxId: fullName: {
    inherit spdxId fullName;
    free = true;
    redistributable = true;
  };

  lib = {
    inherit (builtins)
      add
      all
      any
      attrNames
      attrValues
      baseNameOf
      catAttrs
      compareVersions
      concatLists
      concatMap
      concatStringsSep
      dirOf
      elem
      elemAt
      filter
      foldl'
      fromJSON
      genList
      groupBy
      hasAttr
      head
      intersectAttrs
      isAttrs
      isBool
      isInt
      isList
      isPath
      isString
      length
      listToAttrs
      map
      mapAttrs
      match
      partition
      pathExists
      readDir
      readFile
      removeAttrs
      replaceStrings
      seq
      sort
      stringLength
      substring
      tail
      toJSON
      trace
      typeOf
      ;

    # nixpkgs' sub-libraries hold the same functions.
    attrsets = lib;
    lists = lib;
    strings = lib;
    trivial = lib;
    fileset = import ./fileset.nix { inherit lib; };

    # functions
    id = x: x;
    const = x: _: x;
    flip =
      f: a: b:
      f b a;
    pipe = foldl' (value: f: f value);
    fix =
      f:
      let
        x = f x;
      in
      x;
    isFunction = f: builtins.isFunction f || (f ? __functor && builtins.isFunction (f.__functor f));
    functionArgs = f: if f ? __functor then f.__functionArgs or { } else builtins.functionArgs f;
    setFunctionArgs = f: args: {
      __functor = _: f;
      __functionArgs = args;
    };
    toFunction = value: if lib.isFunction value then value else _: value;

    # overlays
    extends =
      overlay: base: final:
      let
        prev = base final;
      in
      prev // overlay final prev;
    composeExtensions =
      first: second: final: prev:
      let
        changed = first final prev;
      in
      changed // second final (prev // changed);
    composeManyExtensions = foldl' lib.composeExtensions (_: _: { });
    # An overrideAttrs argument in any of its three forms, as an overlay.
    toExtension =
      change: final: prev:
      let
        once = (lib.toFunction change) prev;
      in
      if lib.isFunction once then change final prev else once;

    # packages
    callPackageWith =
      scope: file: args:
      let
        function = if lib.isFunction file then file else import file;
        offered = builtins.intersectAttrs (lib.functionArgs function) scope;
      in
      lib.makeOverridable function (offered // args);
    makeOverridable =
      function: args:
      let
        result = function args;
        override = new: lib.makeOverridable function (args // (lib.toFunction new) args);
      in
      if isAttrs result && result ? overrideAttrs then
        result
        // {
          inherit override;
          overrideAttrs = change: lib.makeOverridable (newArgs: (function newArgs).overrideAttrs change) args;
        }
      else if isAttrs result then
        result // { inherit override; }
      else if lib.isFunction result then
        lib.setFunctionArgs result (lib.functionArgs result) // { inherit override; }
      else
        result;
    packagesFromDirectoryRecursive =
      { callPackage, directory }:
      let
        package = name: type: {
          name = lib.removeSuffix ".nix" name;
          value =
            if type == "directory" then
              lib.packagesFromDirectoryRecursive {
                inherit callPackage;
                directory = directory + "/${name}";
              }
            else
              callPackage (directory + "/${name}") { };
        };
        entries = lib.filterAttrs (name: type: type == "directory" || lib.hasSuffix ".nix" name) (
          builtins.readDir directory
        );
      in
      if builtins.pathExists (directory + "/package.nix") then
        callPackage (directory + "/package.nix") { }
      else
        listToAttrs (lib.mapAttrsToList package entries);
    isDerivation = value: value.type or null == "derivation";
    getName = package: package.pname or (builtins.parseDrvName (package.name or package)).name;
    getVersion = package: package.version or (builtins.parseDrvName (package.name or package)).version;
    getBin = package: package.bin or package;
    getDev = package: package.dev or package;
    getLib = package: package.lib or package;
    getMan = package: package.man or package;
    getExe = package: lib.getExe' package (package.meta.mainProgram or (lib.getName package));
    getExe' = package: name: "${lib.getBin package}/bin/${name}";
    addMetaAttrs = meta: package: package // { meta = (package.meta or { }) // meta; };

    # lists
    remove = unwanted: builtins.filter (item: item != unwanted);
    optional = condition: value: if condition then [ value ] else [ ];
    optionals = condition: list: if condition then list else [ ];
    singleton = value: [ value ];
    toList = value: if isList value then value else [ value ];
    flatten = value: if isList value then builtins.concatMap lib.flatten value else [ value ];
    unique = foldl' (seen: value: if elem value seen then seen else seen ++ [ value ]) [ ];
    subtractLists = unwanted: builtins.filter (value: !elem value unwanted);
    intersectLists = wanted: builtins.filter (value: elem value wanted);
    last = list: elemAt list (length list - 1);
    init = list: lib.take (length list - 1) list;
    take = count: list: lib.sublist 0 count list;
    drop = count: list: lib.sublist count (length list) list;
    sublist =
      start: count: list:
      let
        available = length list - start;
        size = if available < 0 then 0 else lib.min count available;
      in
      builtins.genList (i: elemAt list (start + i)) size;
    reverseList = list: builtins.genList (i: elemAt list (length list - 1 - i)) (length list);
    range = first: last: builtins.genList (i: first + i) (lib.max 0 (last - first + 1));
    imap0 = f: list: builtins.genList (i: f i (elemAt list i)) (length list);
    imap1 = f: lib.imap0 (i: f (i + 1));
    foldr =
      f: start: list:
      foldl' (value: x: f x value) start (lib.reverseList list);
    findFirst =
      accepts: fallback: list:
      let
        found = builtins.filter accepts list;
      in
      if found == [ ] then fallback else builtins.head found;
    zipListsWith =
      f: a: b:
      builtins.genList (i: f (elemAt a i) (elemAt b i)) (lib.min (length a) (length b));
    naturalSort = builtins.sort (a: b: builtins.compareVersions a b < 0);
    min = a: b: if a < b then a else b;
    max = a: b: if a > b then a else b;

    # attribute sets
    optionalAttrs = condition: attrs: if condition then attrs else { };
    nameValuePair = name: value: { inherit name value; };
    genAttrs = names: f: listToAttrs (map (name: lib.nameValuePair name (f name)) names);
    mapAttrsToList = f: attrs: map (name: f name attrs.${name}) (attrNames attrs);
    mapAttrs' = f: attrs: listToAttrs (lib.mapAttrsToList f attrs);
    concatMapAttrs =
      f: attrs: foldl' (merged: name: merged // f name attrs.${name}) { } (attrNames attrs);
    mergeAttrsList = foldl' (merged: attrs: merged // attrs) { };
    filterAttrs =
      accepts: attrs:
      removeAttrs attrs (builtins.filter (name: !accepts name attrs.${name}) (attrNames attrs));
    getAttrs = names: attrs: lib.genAttrs names (name: attrs.${name});
    attrsToList = lib.mapAttrsToList lib.nameValuePair;
    attrByPath =
      path: fallback: attrs:
      if path == [ ] then
        attrs
      else if attrs ? ${builtins.head path} then
        lib.attrByPath (builtins.tail path) fallback attrs.${builtins.head path}
      else
        fallback;
    hasAttrByPath =
      path: attrs:
      path == [ ]
      || (
        attrs ? ${builtins.head path} && lib.hasAttrByPath (builtins.tail path) attrs.${builtins.head path}
      );
    setAttrByPath = path: value: lib.foldr (name: inner: { ${name} = inner; }) value path;
    recursiveUpdate =
      old: new:
      let
        merge =
          name: value:
          if isAttrs value && isAttrs (old.${name} or null) then
            lib.recursiveUpdate old.${name} value
          else
            value;
      in
      old // builtins.mapAttrs merge new;
    cartesianProduct =
      choices:
      let
        extend =
          products: name:
          builtins.concatMap (product: map (value: product // { ${name} = value; }) choices.${name}) products;
      in
      foldl' extend [ { } ] (attrNames choices);
    mapCartesianProduct = f: choices: map f (lib.cartesianProduct choices);

    # strings
    concatStrings = concatStringsSep "";
    concatMapStrings = f: list: lib.concatStrings (map f list);
    concatMapStringsSep =
      separator: f: list:
      concatStringsSep separator (map f list);
    concatMapAttrsStringSep =
      separator: f: attrs:
      concatStringsSep separator (lib.mapAttrsToList f attrs);
    concatLines = lib.concatMapStrings (line: line + "\n");
    optionalString = condition: text: if condition then text else "";
    stringToCharacters = chars;
    toLower = replaceStrings upper lower;
    toUpper = replaceStrings lower upper;
    hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
    hasSuffix =
      suffix: text:
      let
        start = stringLength text - stringLength suffix;
      in
      start >= 0 && substring start (-1) text == suffix;
    hasInfix = infix: text: length (builtins.split (lib.escapeRegex infix) text) > 1;
    removePrefix =
      prefix: text: if lib.hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
    removeSuffix =
      suffix: text:
      if lib.hasSuffix suffix text then
        substring 0 (stringLength text - stringLength suffix) text
      else
        text;
    splitString =
      separator: text: builtins.filter isString (builtins.split (lib.escapeRegex separator) text);
    trim =
      text:
      let
        found = builtins.match "[[:space:]]*(.*[^[:space:]])?[[:space:]]*" text;
        trimmed = builtins.head found;
      in
      if trimmed == null then "" else trimmed;
    escape = list: replaceStrings list (map (char: "\\" + char) list);
    escapeRegex = lib.escape (chars "\\[{()^$?*+|.");
    escapeShellArg =
      value:
      let
        text = toString value;
        isPlain = builtins.match "[[:alnum:]%+,./:@_-]+" text != null;
      in
      if isPlain then text else "'${replaceStrings [ "'" ] [ "'\\''" ] text}'";
    escapeShellArgs = lib.concatMapStringsSep " " lib.escapeShellArg;
    fixedWidthString =
      width: filler: text:
      if stringLength text >= width then text else lib.fixedWidthString width filler (filler + text);
    makeBinPath = lib.makeSearchPath "bin";
    makeLibraryPath = lib.makeSearchPath "lib";
    makeSearchPath = folder: lib.concatMapStringsSep ":" (package: "${package}/${folder}");
    versionAtLeast = a: b: builtins.compareVersions a b >= 0;
    versionOlder = a: b: builtins.compareVersions a b < 0;
    versions = {
      major = version: elemAt (builtins.splitVersion version) 0;
      minor = version: elemAt (builtins.splitVersion version) 1;
      patch = version: elemAt (builtins.splitVersion version) 2;
      majorMinor = version: concatStringsSep "." (lib.take 2 (builtins.splitVersion version));
    };
    toInt = text: builtins.fromJSON text;
    boolToString = value: if value then "true" else "false";
    generators = {
      toJSON = { }: builtins.toJSON;
      # JSON is YAML; nixpkgs does the same.
      toYAML = { }: builtins.toJSON;
    };

    # files
    fileContents = file: lib.removeSuffix "\n" (builtins.readFile file);
    importJSON = file: builtins.fromJSON (builtins.readFile file);
    importTOML = file: fromTOML (builtins.readFile file);
    cleanSourceFilter =
      path: type:
      let
        name = baseNameOf path;
      in
      !(
        elem name [
          ".git"
          ".hg"
          ".svn"
        ]
        || lib.hasSuffix "~" name
        || lib.hasSuffix ".o" name
        || lib.hasSuffix ".so" name
        || (type == "symlink" && lib.hasPrefix "result" name)
        || type == "unknown"
      );
    cleanSourceWith =
      {
        src,
        filter ? _: _: true,
        name ? "source",
      }:
      builtins.path {
        inherit filter name;
        path = src;
      };
    cleanSource =
      src:
      lib.cleanSourceWith {
        inherit src;
        filter = lib.cleanSourceFilter;
      };
    sources = {
      inherit (lib) cleanSource cleanSourceFilter cleanSourceWith;
    };

    # messages
    assertMsg = condition: message: if condition then true else throw message;
    throwIf = condition: message: if condition then throw message else lib.id;
    throwIfNot = condition: lib.throwIf (!condition);
    warn = message: builtins.trace "warning: ${message}";
    warnIf = condition: message: if condition then lib.warn message else lib.id;

    # facts
    fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    fakeSha256 = lib.fixedWidthString 64 "0" "";
    fetchers.proxyImpureEnvVars = [
      "http_proxy"
      "https_proxy"
      "ftp_proxy"
      "all_proxy"
      "no_proxy"
      "HTTP_PROXY"
      "HTTPS_PROXY"
      "FTP_PROXY"
      "ALL_PROXY"
      "NO_PROXY"
    ];
    licenses = builtins.mapAttrs (shortName: facts: facts // { inherit shortName; }) {
      agpl3Only = license "AGPL-3.0-only" "GNU Affero General Public License v3.0 only";
      asl20 = license "Apache-2.0" "Apache License 2.0";
      bsd2 = license "BSD-2-Clause" "BSD 2-clause \"Simplified\" License";
      bsd3 = license "BSD-3-Clause" "BSD 3-clause \"New\" or \"Revised\" License";
      gpl2Only = license "GPL-2.0-only" "GNU General Public License v2.0 only";
      gpl3Only = license "GPL-3.0-only" "GNU General Public License v3.0 only";
      gpl3Plus = license "GPL-3.0-or-later" "GNU General Public License v3.0 or later";
      isc = license "ISC" "ISC License";
      mit = license "MIT" "MIT License";
      mpl20 = license "MPL-2.0" "Mozilla Public License 2.0";
    };
    maintainers = { };
    platforms =
      let
        on = kernel: map (cpu: "${cpu}-${kernel}");
        cpus = [
          "x86_64"
          "aarch64"
        ];
      in
      {
        linux = on "linux" (
          cpus
          ++ [
            "i686"
            "armv7l"
            "powerpc64le"
            "riscv64"
            "s390x"
          ]
        );
        darwin = on "darwin" cpus;
        freebsd = on "freebsd" (cpus ++ [ "i686" ]);
        openbsd = on "openbsd" (cpus ++ [ "i686" ]);
        windows = on "windows" (cpus ++ [ "i686" ]);
        unix = lib.concatMap (kernel: lib.platforms.${kernel}) [
          "linux"
          "darwin"
          "freebsd"
          "openbsd"
        ];
        all = lib.platforms.unix ++ lib.platforms.windows;
      };
    sourceTypes = lib.genAttrs [ "binaryNativeCode" "fromSource" ] (shortName: {
      inherit shortName;
      isSource = shortName == "fromSource";
    });
    systems.flakeExposed = [
      "x86_64-linux"
      "aarch64-linux"
      "x86_64-darwin"
      "aarch64-darwin"
    ];
    teams = { };

    # What to say for a part of nixpkgs that the stand-in has not.
    lacks =
      name:
      throw "${name}: the stand-in for nixpkgs lacks it (its README says what it has); use the locked nixpkgs";
  };
in
import ./lacking.nix { inherit lib; } "lib" // lib
