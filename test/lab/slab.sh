# shellcheck shell=bash
# The slab: a machine within this machine, made of its own namespaces; killing its process 1 ends all that runs in it.

# slab_pid prints process 1 of the slab, or fails if the slab is down.
slab_pid() {
  local pid
  pid=$(cat "$SLAB/pid" 2>/dev/null) || return 1
  # A process number is used again after a restart of the machine: look whose it is.
  tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF "$SLAB" && echo "$pid"
}

slab_start() {
  ! slab_pid >/dev/null || return 0
  slab_stop # what a restart of the machine left behind
  [ "$(id -u)" = 0 ] || die "the slab needs root"
  mkdir -p "$SLAB" "$LOG" "$LAB_HOME/docker"
  bash "$HERE/pki.sh"
  rm -f "$SLAB/ready" "$SLAB/cgroups"

  # One cgroup of the slab's own in each hierarchy becomes the root of its cgroup namespace, so that
  # whatever runc and dockerd make lies below it and `lab down` can sweep it away.
  local controllers path dir knob
  while IFS=: read -r _ controllers path; do
    controllers=${controllers#name=}
    dir=/sys/fs/cgroup/${controllers:-unified}${path%/}/glide-lab-$$
    mkdir "$dir"
    echo "$dir" >>"$SLAB/cgroups"
    for knob in cpus mems; do # a new cpuset takes no process until it has these
      [ ! -e "$dir/cpuset.$knob" ] || cat "$dir/../cpuset.$knob" >"$dir/cpuset.$knob"
    done
  done </proc/self/cgroup

  (
    while read -r dir; do echo 0 >"$dir/cgroup.procs"; done <"$SLAB/cgroups"
    exec setsid unshare --mount --net --pid --uts --ipc --cgroup --fork --kill-child --propagation private \
      bash "$HERE/slab-init.sh" "$SLAB"
  ) >"$LOG/slab.log" 2>&1 </dev/null &
  local unshare=$!
  until [ -e "$SLAB/ready" ]; do
    kill -0 "$unshare" 2>/dev/null || die "the slab did not start: see $LOG/slab.log"
    sleep 0.05
  done
  pgrep -P "$unshare" >"$SLAB/pid"
}

# slab_exec CMD...: runs CMD inside the slab, in the current directory, with the lab's environment.
slab_exec() {
  local pid
  pid=$(slab_pid) || die "the slab is down"
  eval "$(lab_env)"
  # The caller's cgroup lies outside the slab's cgroup namespace, which runc refuses: move into its root first.
  # shellcheck disable=SC2016
  nsenter --target "$pid" --all --wdns="$PWD" -- \
    sh -c 'for p in /sys/fs/cgroup/*/cgroup.procs; do echo 0 >"$p"; done; exec "$@"' sh "$@"
}

slab_stop() {
  local pid dir
  if pid=$(slab_pid); then
    kill -KILL "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
  fi
  if [ -f "$SLAB/cgroups" ]; then
    while read -r dir; do
      for _ in {1..50}; do # the last process to end holds its cgroups for a moment longer
        [ -d "$dir" ] || break
        find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
      done
    done <"$SLAB/cgroups"
  fi
  rm -rf --one-file-system "$SLAB"
}
