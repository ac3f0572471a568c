#!/bin/bash
# Makes the lab's certificate authority and the registry's certificate, once.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
[ ! -e "$PKI/made" ] || exit 0
mkdir -p "$PKI"
chmod 700 "$PKI"
cd "$PKI"
exec 2>"$LOG/pki.log"

key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${key[@]}" -days 3650 -subj /CN=lab-ca -keyout ca.key -out ca.crt

# certificate NAME SUBJECT EXTENSION...
certificate() {
  local name=$1 subject=$2
  shift 2
  openssl req "${key[@]}" -subj "$subject" -keyout "$name.key" -out "$name.csr"
  openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 \
    -extfile <(printf '%s\n' "$@") -out "$name.crt"
  rm "$name.csr"
}

certificate registry /CN=registry \
  "subjectAltName=DNS:${REGISTRY%:*},DNS:localhost,IP:127.0.0.1,IP:$NODE_IP"
touch made
