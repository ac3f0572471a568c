#!/bin/bash
# Makes the lab's certificate authority, the servers' certificates and the kubeconfigs, once.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
[ ! -e "$PKI/made-2" ] || exit 0
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

# kubeconfig NAME USER GROUP
kubeconfig() {
  certificate "$1" "/O=$3/CN=$2" extendedKeyUsage=clientAuth
  cat >"$1.kubeconfig" <<CONFIG
apiVersion: v1
kind: Config
current-context: lab
contexts: [{name: lab, context: {cluster: lab, user: $1}}]
clusters: [{name: lab, cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: $(base64 -w0 ca.crt)}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key")}}]
CONFIG
  chmod 600 "$1.kubeconfig"
}

certificate registry /CN=registry \
  "subjectAltName=DNS:${REGISTRY%:*},DNS:localhost,IP:127.0.0.1,IP:$NODE_IP"
service=kubernetes.default.svc
certificate apiserver /CN=kube-apiserver extendedKeyUsage=serverAuth \
  "subjectAltName=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:$service,DNS:$service.cluster.local,IP:127.0.0.1,IP:10.96.0.1,IP:$NODE_IP"
certificate kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client extendedKeyUsage=clientAuth
openssl genrsa -out service-account.key 2048
openssl rsa -in service-account.key -pubout -out service-account.pub
kubeconfig admin admin system:masters
kubeconfig kubelet system:node:lab system:nodes
kubeconfig controller-manager system:kube-controller-manager lab
kubeconfig scheduler system:kube-scheduler lab
kubeconfig proxy system:kube-proxy lab
touch made-2
