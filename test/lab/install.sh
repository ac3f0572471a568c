#!/bin/bash
# Installs the lab's components under $LAB_HOME, and the Debian packages that they need; what is there already is skipped.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
mkdir -p "$BIN" "$LOG" "$IMAGES" "$LAB_HOME/installed"
go=$(realpath "$HERE/../../tools/go")

# once NAME VERSION CMD...: runs CMD unless NAME stands installed at VERSION; its output goes to $LOG/install-NAME.log.
once() {
  local name=$1 version=$2 start=$SECONDS
  local stamp=$LAB_HOME/installed/$name log=$LOG/install-$name.log
  shift 2
  [ "$(cat "$stamp" 2>/dev/null)" != "$version" ] || return 0
  say "installing $name $version"
  # Not `if ! "$@"`, within which bash would go on after a failed line of CMD.
  ("$@") >"$log" 2>&1 &
  wait $! || { tail -n 20 "$log" >&2; die "installing $name failed: see $log"; }
  echo "$version" >"$stamp"
  say "installed $name in $((SECONDS - start)) s"
}

# packages NAME...: installs those of the machine's own Debian packages that are missing.
packages() {
  local missing=() name
  for name; do
    [ "$(dpkg-query -Wf '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "apt-get install ${missing[*]}"
  {
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
  } >"$LOG/install-packages.log" 2>&1 || { tail "$LOG/install-packages.log" >&2; die "apt-get failed"; }
}

# mirror prints the Debian mirror that this machine itself is set up with.
mirror() {
  local uri
  uri=$(sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] *\)\?\([^ ]*\) .*/\2/p' \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | head -n1) || true
  [ "$uri" ] || die "no Debian mirror in /etc/apt/sources.list.d/debian.sources or /etc/apt/sources.list"
  echo "$uri"
}

# unpack NAME...: unpacks packages of $DEBIAN_SUITE into $PREFIX; nothing of the machine's own is replaced.
unpack() {
  local apt=$LAB_HOME/apt uri name
  uri=$(mirror)
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/debs" "$PREFIX"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $DEBIAN_SUITE main" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<EOF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
EOF
  export APT_CONFIG=$apt/apt.conf
  apt-get update
  cd "$apt/debs"
  for name; do
    rm -f "${name}"_*.deb
    apt-get download "$name/$DEBIAN_SUITE"
    dpkg-deb --extract "${name}"_*.deb "$PREFIX"
    rm "${name}"_*.deb
  done
}

# programs PACKAGE...: builds programs of go.mod into $BIN, which tell the version
# of Kubernetes that they are of.
programs() {
  local version package ldflags='-s -w'
  version=$(version k8s.io/kubernetes)
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    ldflags+=" -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=$(cut -d. -f2 <<<"$version")"
  done
  # helm takes the cluster that it renders for without asking one to be of this version.
  for package in chartutil lint/rules; do
    ldflags+=" -X helm.sh/helm/v3/pkg/$package.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/$package.k8sVersionMinor=$(cut -d. -f2 <<<"$version")"
  done
  CGO_ENABLED=0 GOBIN=$BIN "$go" -C "$HERE" install -trimpath -ldflags "$ldflags" "$@"
}

# module MODULE@VERSION prints the folder of a module, which need not be in go.mod.
module() { (cd / && "$go" mod download -json "$1") | jq -er .Dir; }

# crds: copies the CustomResourceDefinitions of others' resources.
crds() {
  local gateway operator
  gateway=$(module "sigs.k8s.io/gateway-api@$GATEWAY_API")
  operator=$(module "github.com/prometheus-operator/prometheus-operator@$PROMETHEUS_OPERATOR")
  mkdir -p "$LAB_HOME/crds"
  install -m 644 -t "$LAB_HOME/crds" "$gateway/config/crd/standard/gateway.networking.k8s.io_httproutes.yaml" \
    "$operator"/example/prometheus-operator-crd/monitoring.coreos.com_{prometheusrules,servicemonitors}.yaml
}

# schemas VERSION: writes the schemas of a Kubernetes version for kubeconform.
schemas() {
  local dir
  dir=$(module "k8s.io/kubernetes@v$1")
  "$go" -C "$HERE" run ./schemas "$dir/api/openapi-spec/swagger.json" "$LAB_HOME/schemas/v$1-standalone-strict"
}

pause_image() {
  local root=$LAB_HOME/image/pause
  mkdir -p "$root"
  CGO_ENABLED=0 "$go" -C "$HERE" build -trimpath -ldflags '-s -w' -o "$root/pause" ./pause
  bash "$HERE/image.sh" lab.local/pause:1 "$root" '["/pause"]' "$IMAGES/pause.tar"
}

install_docker() {
  packages ca-certificates containerd curl iproute2 iptables openssl procps runc tini
  once docker "$DEBIAN_SUITE" unpack docker.io docker-cli
  once docker-compose "$DEBIAN_SUITE" unpack docker-compose
  mkdir -p "$LAB_HOME/docker/cli-plugins"
  ln -sf "$PREFIX"/usr/libexec/docker/cli-plugins/* "$LAB_HOME/docker/cli-plugins/"
}

install_registry() {
  packages apache2-utils ca-certificates curl docker-registry iproute2 openssl procps
}

install_kubernetes() {
  packages ca-certificates conntrack containerd containernetworking-plugins curl ethtool iproute2 ipset iptables jq openssl procps runc
  once kubernetes-debian "$DEBIAN_SUITE" unpack etcd-server kubectl
  once pause 1 pause_image
  once crds "$GATEWAY_API-$PROMETHEUS_OPERATOR" crds
  once kubernetes "$(version k8s.io/kubernetes)" programs k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-proxy,kube-scheduler,kubelet}
  once coredns "$(version github.com/coredns/coredns)" programs ./coredns
}

install_helm() {
  packages jq
  once promtool "$DEBIAN_SUITE" unpack promtool
  once helm "$(version helm.sh/helm/v3)" programs helm.sh/helm/v3/cmd/helm
  once kubeconform "$(version github.com/yannh/kubeconform)" programs github.com/yannh/kubeconform/cmd/kubeconform
  local kubernetes
  for kubernetes in "$OLDEST_KUBERNETES" "$NEWEST_KUBERNETES"; do
    once "schemas-$kubernetes" 1 schemas "$kubernetes"
  done
}

# version MODULE prints the version that go.mod has of it.
version() { "$go" -C "$HERE" list -m -f '{{.Version}}' "$1"; }

# mdbook_folder makes the folder of more programs for nix/host. mdbook wants a newer libc than the machine's,
# which comes along.
mdbook_folder() {
  local dir=$LAB_HOME/nix-host lib
  lib=$PREFIX/usr/lib/$(uname -m)-linux-gnu
  unpack mdbook libc6 libgcc-s1
  mkdir -p "$dir"
  install "$lib"/{ld-linux-*,libc.so.6,libgcc_s.so.1,libm.so.6} "$dir"
  install "$PREFIX/usr/bin/mdbook" "$dir/mdbook.program"
  rm "$PREFIX/usr/bin/mdbook" # which would not start
  cat >"$dir/mdbook" <<'EOF'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec "$here"/ld-linux-* --library-path "$here" "$here/mdbook.program" "$@"
EOF
  chmod +x "$dir/mdbook"
}

install_mdbook() { once mdbook "$DEBIAN_SUITE" mdbook_folder; }

install_podman() { packages conmon crun iproute2 podman; }

install_arch() { packages qemu-user-static; }

[ $# -gt 0 ] || die "name what to install: docker, podman, registry, kubernetes, helm, mdbook, arch or all"
[ "$*" != all ] || set -- docker podman registry kubernetes helm mdbook arch
for component; do
  declare -F "install_$component" >/dev/null || die "no component '$component': docker, podman, registry, kubernetes, helm, mdbook, arch or all"
  "install_$component"
done
