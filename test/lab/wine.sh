#!/bin/bash
# wine.sh PROGRAM.exe ARG...: runs a Windows program of 64 bits in wine's own folder, on the machine's network. It works
# in the program's folder and sees no other. It is the very process that was started, and SIGINT is its Ctrl-C.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
need wine "$LAB_HOME/installed/wine"
[ $# -gt 0 ] || die "usage: lab wine PROGRAM.exe ARG..."
[ -f "$1" ] || die "$1: no such file"
program=$(readlink -f "$1")
shift
# The mounts vanish with the last of wine's processes, some seconds after the program.
# shellcheck disable=SC2016
exec unshare --mount bash -c '
  root=$1 program=$2
  shift 2
  mount --rbind /proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/run"
  mount --bind "$(dirname "$program")" "$root/mnt"
  export HOME=/root WINESERVER=/usr/lib/wine/wineserver64 WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml=
  exec unshare --root="$root" --wd=/mnt /usr/lib/wine/wine64 "$(basename "$program")" "$@"' wine "$LAB_HOME/wine" "$program" "$@"
