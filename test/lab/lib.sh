# shellcheck shell=bash
# Paths, settings and helpers that every script of the lab sources.
# shellcheck disable=SC2034 # the variables are used by the scripts that source this
HERE=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$HERE/versions.env"

export LAB_HOME=${LAB_HOME:-$HOME/.cache/glide-lab}
BIN=$LAB_HOME/bin LOG=$LAB_HOME/log PKI=$LAB_HOME/pki IMAGES=$LAB_HOME/images
PREFIX=$LAB_HOME/$DEBIAN_SUITE      # packages of the other Debian suite, unpacked
SLAB=$LAB_HOME/slab                 # what lives from `up` to `down`
NODE_IP=172.30.0.1                  # the slab's own address

REGISTRY=registry.lab:5443
REGISTRY_USER=lab
REGISTRY_PASSWORD=lab-password

# The environment of `lab exec`, which `lab env` prints for use outside the slab.
lab_env() {
  cat <<EOF
export LAB_HOME='$LAB_HOME'
export PATH='$BIN:$PREFIX/usr/bin:$PREFIX/usr/sbin':"\$PATH"
export KUBECONFIG='$PKI/admin.kubeconfig'
export DOCKER_HOST=unix:///run/docker.sock DOCKER_CONFIG='$LAB_HOME/docker'
export CONTAINERD_ADDRESS=/run/docker/containerd/containerd.sock
export HELM_CONFIG_HOME='$LAB_HOME/helm' HELM_CACHE_HOME='$LAB_HOME/helm' HELM_DATA_HOME='$LAB_HOME/helm'
export LAB_CRDS='$LAB_HOME/crds' LAB_SCHEMAS='$LAB_HOME/schemas' LAB_KUBERNETES='$OLDEST_KUBERNETES $NEWEST_KUBERNETES'
export CONTAINERS_STORAGE_CONF='$SLAB/storage.conf' CONTAINERS_CONF='$SLAB/containers.conf'
export NIX_HOST_BIN='$LAB_HOME/nix-host'
export LAB_REGISTRY=$REGISTRY LAB_REGISTRY_USER=$REGISTRY_USER LAB_REGISTRY_PASSWORD=$REGISTRY_PASSWORD
EOF
}

say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# need COMPONENT FILE: fails with the remedy if `lab install COMPONENT` has not made FILE.
need() { [ -e "$2" ] || die "$2 is missing: run 'lab install $1'"; }

# await SECONDS WHAT CMD...: waits until CMD succeeds.
await() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || die "$what did not become ready: see $LOG"
    sleep 0.2
  done
}

# daemon NAME CMD...: inside the slab, starts CMD once, with its output in $LOG/NAME.log.
daemon() {
  local name=$1 pid=/run/lab/$1.pid
  shift
  if [ -f "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null; then return; fi
  setsid "$@" >"$LOG/$name.log" 2>&1 </dev/null &
  echo $! >"$pid"
}
