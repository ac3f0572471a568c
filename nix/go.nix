# The official Go toolchain, by hash, since the bytes of a released binary depend on it: nixpkgs'
# own Go is patched. It comes as the module golang.org/toolchain, as for the go command itself.
{
  lib,
  stdenvNoCC,
  cacert,
  go,
}:
let
  pin = lib.importJSON ./go-toolchain.json;
  platform = "${go.GOOS}-${go.GOARCH}";
  module =
    pin.modules.${platform} or (throw "nix/go-toolchain.json has no toolchain for ${platform}");
in
stdenvNoCC.mkDerivation {
  pname = "go-toolchain";
  inherit (pin) version;

  nativeBuildInputs = [
    cacert
    go
  ];

  impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [ "GOPROXY" ];
  outputHashMode = "recursive";
  outputHashAlgo = null;
  outputHash = module.hash;

  # The module's zip keeps no modes, so the programs are marked here.
  buildCommand = ''
    export HOME=$TMPDIR GOMODCACHE=$TMPDIR/modules
    export GOFLAGS=-modcacherw GOTOOLCHAIN=local
    go mod download golang.org/toolchain@v0.0.1-go${pin.version}.${platform}
    mv $GOMODCACHE/golang.org/toolchain@* $out
    chmod +x $out/bin/* $out/pkg/tool/*/*
  '';

  passthru = {
    inherit (go) GOOS GOARCH;
    CGO_ENABLED = 0;
  };

  meta = {
    description = "Official distribution of the Go toolchain";
    homepage = "https://go.dev";
    license = lib.licenses.bsd3;
    mainProgram = "go";
    platforms = go.meta.platforms or lib.platforms.all;
  };
}
