# buildGoApplication: a fixed-output derivation for each module of gomod2nix.toml, joined to vendor.
pkgs:
let
  inherit (pkgs) go jq lib;

  fetchModule =
    path: module:
    pkgs.stdenv.mkDerivation {
      name = "${baseNameOf path}_${module.version}";
      nativeBuildInputs = [
        go
        jq
        pkgs.cacert
        pkgs.git
      ];
      module = "${module.replaced or path}@${module.version}";
      impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [
        "GOPROXY"
        "GONOPROXY"
        "GOPRIVATE"
        "GOINSECURE"
      ];
      outputHashMode = "recursive";
      outputHash = module.hash;
      outputHashAlgo = null;
      buildCommand = ''
        # Nix checks the hash, so no checksum database is asked.
        export HOME=$TMPDIR GOPATH=$TMPDIR/go GOTOOLCHAIN=local GOSUMDB=off
        if ! go mod download -json "$module" > module.json; then
          jq -r .Error module.json
          exit 1
        fi
        folder=$(jq -r .Dir module.json)
        cp -r "$folder" $out
      '';
    };

  # Stock Go takes a vendor folder only with a list of its packages; nixpkgs' Go is patched not to ask.
  vendorFolder =
    pwd: modules:
    let
      toml = lib.importTOML modules;
      add = path: module: ''
        add ${path} ${module.version} ${fetchModule path module} ${module.replaced or ""}
      '';
    in
    lib.throwIf ((toml.schema or 0) < 3) "${toString modules}: gomod2nix.toml of schema 3 is needed" (
      pkgs.runCommand "vendor-env"
        {
          nativeBuildInputs = [
            go
            jq
          ];
          goMod = pwd + "/go.mod";
        }
        ''
          mkdir $out
          export HOME=$TMPDIR
          go mod edit -json $goMod > go.json
          if jq -e '.Replace // [] | any(.New.Version == null)' go.json > /dev/null; then
            echo "gomod2nix: the stand-in lacks go.mod's replace by a local folder"
            exit 1
          fi

          # add PATH VERSION SOURCE [REPLACED-BY]
          add() {
            local required goVersion
            mkdir -p "$out/$1"
            joinTree "$3" "$out/$1"
            required=$(jq -r --arg path "$1" '.Require[] | select(.Path == $path).Version' go.json)
            goVersion=$(sed -n 's/^go //p' "$3/go.mod" 2> /dev/null || true)
            {
              echo "# $1 ''${required:-$2}''${4:+ => $4 $2}"
              echo "##''${required:+ explicit;}''${goVersion:+ go $goVersion}" | sed 's/;$//'
              (cd "$3" && find . -name '*.go' ! -name '*_test.go' -printf '%h\n') \
                | grep -vE '/(testdata|_)' | sort -u | sed "s|^\.|$1|"
            } >> $out/modules.txt
            [ -z "$4" ] || echo "# $1 => $4 $2" >> replacements
          }

          touch replacements
          ${lib.concatStrings (lib.mapAttrsToList add toml.mod)}
          cat replacements >> $out/modules.txt
        ''
    );
in
{
  buildGoApplication =
    args@{
      pwd,
      src ? pwd,
      modules ? pwd + "/gomod2nix.toml",
      CGO_ENABLED ? go.CGO_ENABLED,
      env ? { },
      preConfigure ? "",
      passthru ? { },
      ...
    }:
    let
      vendorEnv = vendorFolder pwd modules;
    in
    pkgs.buildGoModule (
      removeAttrs args [
        "CGO_ENABLED"
        "modules"
        "pwd"
      ]
      // {
        inherit src;
        vendorHash = null;
        env = {
          inherit CGO_ENABLED;
        }
        // env;
        preConfigure = preConfigure + ''
          rm -rf vendor
          cp -rL --no-preserve=mode ${vendorEnv} vendor
        '';
        passthru = passthru // {
          inherit vendorEnv;
        };
      }
    );

  inherit (pkgs) gomod2nix;
}
