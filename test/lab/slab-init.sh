#!/bin/bash
# Process 1 of the slab: mounts what a machine of its own would have, then reaps orphans until it is killed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

mount --make-rshared / # kubelet and containers want shared mounts; unshare has cut them off from the machine's
mount -t proc proc /proc
mount -t sysfs sysfs /sys

# Hybrid cgroups: version 1 controllers beside an empty version 2 tree, as on the machine itself.
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
while IFS=: read -r _ controllers _; do
  dir=/sys/fs/cgroup/${controllers#name=}
  case $controllers in
    '') mkdir /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified ;;
    name=*) mkdir "$dir" && mount -t cgroup -o "none,$controllers" cgroup "$dir" ;;
    *) mkdir "$dir" && mount -t cgroup -o "$controllers" cgroup "$dir" ;;
  esac
done </proc/self/cgroup

mount -t bpf bpf /sys/fs/bpf
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/netns /run/lab
for dir in docker containerd kubelet cni; do
  mkdir -p "$SLAB/$dir" "/var/lib/$dir"
  mount --bind "$SLAB/$dir" "/var/lib/$dir"
done
mkdir "$SLAB/varlog"
mount --bind "$SLAB/varlog" /var/log

# The slab trusts the lab's CA and knows the registry by name, as a site's machines would.
cat /etc/ssl/certs/ca-certificates.crt "$PKI/ca.crt" >/run/ca-certificates.crt
mount --bind /run/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
{ cat /etc/hosts; echo "$NODE_IP ${REGISTRY%:*}"; } >/run/hosts
mount --bind /run/hosts /etc/hosts
echo "nameserver $NODE_IP" >/run/resolv.conf # CoreDNS; where none runs, look-ups fail at once
mount --bind /run/resolv.conf /etc/resolv.conf

# Podman has no server, keeps all in the slab, and finds no systemd.
cat >"$SLAB/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$SLAB/podman"
runroot = "/run/podman"
END
cat >"$SLAB/containers.conf" <<END
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
log_driver = "k8s-file"
END
# It takes a file of accounts that is named but missing for an error.
[ -e "$LAB_HOME/docker/config.json" ] || echo '{}' >"$LAB_HOME/docker/config.json"

hostname lab
ip link set lo up
ip link add node0 type bridge
ip address add "$NODE_IP/24" dev node0
ip link set node0 up
ip route add default dev node0 # leads nowhere, but engines and kubelet look for a default route
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.route_localnet=1 net.bridge.bridge-nf-call-iptables=1

[ ! -x /usr/bin/qemu-aarch64-static ] || bash "$HERE/binfmt.sh"

touch "$SLAB/ready"
while :; do sleep infinity & wait $! || true; done # bash reaps; a bare sleep would leave zombies
