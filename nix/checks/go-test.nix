# go vet and go test, without the tests that need Nix or a network.
{
  cacert,
  git,
  platforms,
  program,
  source,
}:
program platforms.native {
  name = "check-go-test";
  src = source.all;
  nativeBuildInputs = [
    cacert
    git
  ];
  buildPhase = ''
    runHook preBuild
    export HOME=$TMPDIR
    # Tests look for files by the path of their source.
    export GOFLAGS="''${GOFLAGS//-trimpath/}"
    go vet ./...
    # internal/dist tests with a toolchain that it downloads.
    go test . ./cmd/... $(go list ./internal/... | grep -v /internal/dist)
    runHook postBuild
  '';
  installPhase = "touch $out";
}
