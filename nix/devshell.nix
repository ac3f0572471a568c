# The workshop of `nix develop`: the pinned Go and the tools of the checks.
{
  actionlint,
  crane,
  goToolchain,
  golangci-lint,
  gomod2nix,
  gopls,
  jq,
  kubectl,
  kubernetes-helm,
  mkShell,
  nixfmt,
  shellcheck,
  skopeo,
}:
mkShell {
  packages = [
    actionlint
    crane
    goToolchain
    golangci-lint
    gomod2nix.gomod2nix
    gopls
    jq
    kubectl
    kubernetes-helm
    nixfmt
    shellcheck
    skopeo
  ];

  shellHook = ''
    echo "glide: make run, make test, make lint, make binaries, make lock"
  '';
}
