# The linters have nothing to say: golangci-lint of Go, actionlint of workflows, shellcheck of scripts.
{
  actionlint,
  golangci-lint,
  platforms,
  program,
  shellcheck,
  source,
}:
program platforms.native {
  name = "check-lint";
  src = source.all;
  nativeBuildInputs = [
    actionlint
    golangci-lint
    shellcheck
  ];
  buildPhase = ''
    runHook preBuild
    export HOME=$TMPDIR
    golangci-lint run
    actionlint .github/workflows/*.yml
    shellcheck tools/go tools/need internal/script/install.sh
    runHook postBuild
  '';
  installPhase = "touch $out";
}
