#!/bin/bash
# Installs the lab's components under $LAB_HOME, and the Debian packages that they need; what is there already is skipped.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
mkdir -p "$LOG" "$LAB_HOME/installed"

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

install_docker() {
  packages ca-certificates containerd curl iproute2 iptables openssl procps runc tini
  once docker "$DEBIAN_SUITE" unpack docker.io docker-cli
}

install_registry() {
  packages apache2-utils docker-registry iproute2
}

install_podman() { packages conmon crun iproute2 podman; }

install_arch() { packages qemu-user-static; }

[ $# -gt 0 ] || die "name what to install: docker, podman, registry, arch or all"
[ "$*" != all ] || set -- docker podman registry arch
for component; do
  declare -F "install_$component" >/dev/null || die "no component '$component': docker, podman, registry, arch or all"
  "install_$component"
done
