#!/bin/sh
# Installs Glide (https://github.com/einstack/glide) from its release, and verifies what it downloads.
set -eu

usage() {
  cat << 'END'
usage: install.sh [--version VERSION] [--prefix FOLDER] [--from URL]
       install.sh --uninstall [--prefix FOLDER]

  --version VERSION   install this version (default @VERSION@)
  --prefix FOLDER     install below this folder (default /usr/local for root, else ~/.local)
  --from URL          download from this folder, such as a mirror (default the release on GitHub)
  --uninstall         remove what was installed below the prefix

The archive must have the checksum that the release's SHA256SUMS says. If cosign is installed, the
signature of SHA256SUMS must be that of the release.
END
}

# All is in functions, so that nothing runs of a script that was cut off.
main() {
  version=@VERSION@
  targets='@TARGETS@'
  prefix=
  from=
  action=install
  while [ $# -gt 0 ]; do
    case $1 in
      --version | --prefix | --from)
        [ $# -gt 1 ] || die "$1 needs a value; see --help"
        case $1 in
          --version) version=${2#v} ;;
          --prefix) prefix=$2 ;;
          --from) from=${2%/} ;;
        esac
        shift
        ;;
      --uninstall) action=uninstall ;;
      -h | --help)
        usage
        return
        ;;
      *) die "unknown argument $1; see --help" ;;
    esac
    shift
  done
  if [ -z "$prefix" ]; then
    prefix=/usr/local
    [ "$(id -u)" = 0 ] || prefix=$HOME/.local
  fi
  # The files that are installed, each by its path below the prefix.
  list=$prefix/share/glide/installed
  "$action"
}

die() {
  echo "install.sh: $*" >&2
  exit 1
}

install() {
  target=$(detect_target)
  base=${from:-https://github.com/einstack/glide/releases/download/v$version}
  name=glide_${version}_$target
  archive=$name.tar.gz
  prepare_prefix

  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  trap 'exit 1' HUP INT TERM
  download SHA256SUMS
  verify_signature
  download "$archive"
  verify_sum
  tar -xzf "$scratch/$archive" -C "$scratch" || die "$archive cannot be unpacked"

  : > "$scratch/installed"
  put completions/glide.bash share/bash-completion/completions/glide
  put completions/_glide share/zsh/site-functions/_glide
  put completions/glide.fish share/fish/vendor_completions.d/glide.fish
  for page in "$scratch/$name/man"/*; do
    put "man/${page##*/}" "share/man/man1/${page##*/}"
  done
  put LICENSE share/glide/LICENSE
  put THIRD_PARTY_NOTICES.txt share/glide/THIRD_PARTY_NOTICES.txt
  # The program comes last: if it is there, all is.
  put glide bin/glide 755
  if [ -f "$list" ]; then
    # What an older version had, and this one has not.
    while read -r file; do
      grep -qxF "$file" "$scratch/installed" || remove "$file"
    done < "$list"
  fi
  put_file "$scratch/installed" "$list" 644

  echo "installed glide $version to $prefix/bin/glide"
  case :$PATH: in
    *:"$prefix/bin":*) ;;
    *) echo "add it to your PATH: export PATH=\"$prefix/bin:\$PATH\"" ;;
  esac
}

uninstall() {
  [ -f "$list" ] || die "nothing is installed below $prefix; name the folder with --prefix"
  while read -r file; do
    remove "$file"
  done < "$list"
  rm -f "$list"
  rmdir "$prefix/share/glide" 2> /dev/null || true
  echo "removed glide from $prefix"
}

# remove FILE removes what was installed.
remove() {
  rm -f "$prefix/$1" || die "$prefix/$1 cannot be removed; run as its owner"
}

# detect_target prints the release's name of this system and architecture: linux_amd64.
detect_target() {
  system=$(uname -s)
  machine=$(uname -m)
  case $system in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    FreeBSD) os=freebsd ;;
    OpenBSD) os=openbsd ;;
    *) die "there is no release for $system; see https://github.com/einstack/glide for the others" ;;
  esac
  case $machine in
    x86_64 | amd64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    i[3-6]86) arch=386 ;;
    armv7* | armv8l) arch=armv7 ;;
    ppc64le | s390x | riscv64) arch=$machine ;;
    *) arch=none ;;
  esac
  # A system of 32 bits may run on a kernel of 64.
  if [ "$os" = linux ] && [ "$(getconf LONG_BIT 2> /dev/null || true)" = 32 ]; then
    case $arch in
      amd64) arch=386 ;;
      arm64) arch=armv7 ;;
    esac
  fi
  # A shell that Rosetta translates is on an arm64 all the same.
  if [ "$os" = darwin ] && [ "$(sysctl -n sysctl.proc_translated 2> /dev/null || true)" = 1 ]; then
    arch=arm64
  fi
  case " $targets " in
    *" ${os}_$arch "*) echo "${os}_$arch" ;;
    *) die "there is no release for $system on $machine; build it: go install github.com/einstack/glide/cmd/glide@v$version" ;;
  esac
}

prepare_prefix() {
  if ! mkdir -p "$prefix/bin" "$prefix/share/glide" 2> /dev/null || ! [ -w "$prefix/bin" ]; then
    die "no permission to write to $prefix; run as root, or choose a folder with --prefix"
  fi
}

# download NAME gets a file of the release.
download() {
  if command -v curl > /dev/null; then
    curl --fail --silent --show-error --location --retry 2 --output "$scratch/$1" "$base/$1"
  elif command -v wget > /dev/null; then
    wget -q -O "$scratch/$1" "$base/$1"
  elif command -v fetch > /dev/null; then
    fetch -q -o "$scratch/$1" "$base/$1"
  elif command -v ftp > /dev/null; then
    ftp -V -o "$scratch/$1" "$base/$1"
  else
    die "curl or wget is needed to download; install one"
  fi || die "$base/$1 cannot be downloaded; check the version and the network"
}

verify_signature() {
  command -v cosign > /dev/null || return 0
  download SHA256SUMS.sigstore.json
  cosign verify-blob "$scratch/SHA256SUMS" --bundle "$scratch/SHA256SUMS.sigstore.json" \
    --certificate-identity-regexp '@SIGNER@'"$(echo "$version" | sed 's/\./\\./g')\$" \
    --certificate-oidc-issuer https://token.actions.githubusercontent.com > "$scratch/cosign" 2>&1 \
    || die "the signature of $base/SHA256SUMS is not the release's: $(tail -n 1 "$scratch/cosign") (it takes cosign 3)"
}

verify_sum() {
  want=$(awk -v name="$archive" '$2 == name { print $1 }' "$scratch/SHA256SUMS")
  [ -n "$want" ] || die "$base/SHA256SUMS has no sum of $archive"
  got=$(sum "$scratch/$archive")
  [ "$got" = "$want" ] || die "$base/$archive has the sum $got, but SHA256SUMS says $want; try again, and do not use the file"
}

sum() {
  if command -v sha256sum > /dev/null; then
    sha256sum < "$1"
  elif command -v shasum > /dev/null; then
    shasum -a 256 < "$1"
  elif command -v sha256 > /dev/null; then
    sha256 -q "$1"
  else
    die "sha256sum is needed to verify what was downloaded; install it"
  fi | cut -d ' ' -f 1
}

# put FILE TARGET [MODE] installs a file of the archive, and notes it.
put() {
  put_file "$scratch/$name/$1" "$prefix/$2" "${3:-644}"
  echo "$2" >> "$scratch/installed"
}

# put_file FILE TARGET MODE copies a file so that it appears complete or not at all.
put_file() {
  if ! { mkdir -p "${2%/*}" && cp "$1" "$2.new" && chmod "$3" "$2.new" && mv -f "$2.new" "$2"; }; then
    rm -f "$2.new"
    die "$2 cannot be written; check its permissions and the disk's space"
  fi
}

main "$@"
