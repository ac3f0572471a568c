# A Go program of this module, compiled for a target by the pinned toolchain with the flags of
# platforms.json, so that a plain `go build` with the same flags makes the same bytes.
{
  lib,
  buildGoModule,
  goToolchain,
  lock,
  platforms,
  source,
}:
target: attrs:
let
  inherit (platforms) build;

  buildModule = buildGoModule.override {
    go = goToolchain // {
      GOOS = target.goos;
      GOARCH = target.goarch;
    };
  };
in
buildModule (
  {
    # A vendor folder would lose the modules' sums from the build info; a proxy keeps them.
    proxyVendor = true;
    inherit (lock) vendorHash;
    # Every program and target shares one download.
    overrideModAttrs = _: {
      name = "glide-go-modules";
      src = source.modules;
    };

    env = build.env // lib.optionalAttrs (target ? goarm) { GOARM = target.goarm; };
    # By the shell, since nixpkgs has changed how buildGoModule takes them.
    postConfigure = ''
      export GOFLAGS="${toString build.flags}"
    ''
    + attrs.postConfigure or "";

    # A cross build lands in a folder named after its target, a native one beside it.
    installPhase = ''
      runHook preInstall
      find "$GOPATH/bin" -type f -exec install -Dm755 -t "$out/bin" {} +
      runHook postInstall
    '';

    doCheck = false;
    # Stripping and patching would change the bytes; the linker has stripped already.
    dontFixup = true;
  }
  // removeAttrs attrs [ "postConfigure" ]
)
