#!/bin/bash
# Inside the slab: a single-node Kubernetes of unmodified components: etcd, control plane, containerd, kubelet, kube-proxy, CoreDNS.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
need kubernetes "$BIN/kubelet"
conf=/run/lab/kubernetes
mkdir -p $conf/cni
# Docker's containerd, if it runs, is another one.
export CONTAINERD_ADDRESS=/run/containerd/containerd.sock CONTAINERD_NAMESPACE=k8s.io

daemon etcd etcd --data-dir "$SLAB/etcd" --unsafe-no-fsync \
  --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
  --listen-peer-urls http://127.0.0.1:2380

daemon kube-apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 \
  --advertise-address=$NODE_IP --service-cluster-ip-range=10.96.0.0/16 --allow-privileged \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --client-ca-file="$PKI/ca.crt" \
  --tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" \
  --service-account-key-file="$PKI/service-account.pub" \
  --service-account-signing-key-file="$PKI/service-account.key" \
  --service-account-issuer=https://kubernetes.default.svc \
  --kubelet-client-certificate="$PKI/kubelet-client.crt" --kubelet-client-key="$PKI/kubelet-client.key" \
  --kubelet-preferred-address-types=InternalIP

cat >$conf/cni/10-lab.conflist <<EOF
{"cniVersion": "0.4.0", "name": "lab", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
EOF
# restrict_oom_score_adj, and oomScoreAdj below: root lacks CAP_SYS_RESOURCE here and may not lower any score.
cat >$conf/containerd.toml <<EOF
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "lab.local/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$conf/cni"
EOF
daemon containerd /usr/bin/containerd --config $conf/containerd.toml

await 60 kube-apiserver kubectl get --raw /readyz
daemon kube-controller-manager kube-controller-manager --leader-elect=false \
  --kubeconfig="$PKI/controller-manager.kubeconfig" --use-service-account-credentials \
  --authentication-kubeconfig="$PKI/controller-manager.kubeconfig" \
  --authorization-kubeconfig="$PKI/controller-manager.kubeconfig" \
  --service-account-private-key-file="$PKI/service-account.key" --root-ca-file="$PKI/ca.crt" \
  --cluster-signing-cert-file="$PKI/ca.crt" --cluster-signing-key-file="$PKI/ca.key"
daemon kube-scheduler kube-scheduler --leader-elect=false --kubeconfig="$PKI/scheduler.kubeconfig" \
  --authentication-kubeconfig="$PKI/scheduler.kubeconfig" --authorization-kubeconfig="$PKI/scheduler.kubeconfig"

await 20 containerd ctr version
ctr images import "$IMAGES/pause.tar" >/dev/null
# failCgroupV1: kubelet refuses version 1 cgroups unless told otherwise.
cat >$conf/kubelet.yaml <<EOF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
cgroupDriver: cgroupfs
containerRuntimeEndpoint: unix://$CONTAINERD_ADDRESS
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
clusterDomain: cluster.local
clusterDNS: [$NODE_IP]
resolvConf: /dev/null
volumePluginDir: /var/lib/kubelet/volume-plugins
# Changes of mounted ConfigMaps and Secrets come within seconds, not a minute.
syncFrequency: 2s
nodeStatusUpdateFrequency: 4s
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: "1%", imagefs.available: "1%"}
EOF
daemon kubelet kubelet --kubeconfig="$PKI/kubelet.kubeconfig" --config=$conf/kubelet.yaml \
  --hostname-override=lab --node-ip=$NODE_IP

cat >$conf/proxy.yaml <<EOF
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: 10.244.0.0/16
hostnameOverride: lab
clientConnection: {kubeconfig: $PKI/proxy.kubeconfig}
conntrack: {maxPerCore: 0}
EOF
daemon kube-proxy kube-proxy --config=$conf/proxy.yaml

# CoreDNS runs on the node, not in a pod, so that no image of it is needed.
cat >$conf/Corefile <<EOF
.:53 {
  bind $NODE_IP
  errors
  health $NODE_IP:8053
  hosts /etc/hosts {
    fallthrough
  }
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $KUBECONFIG lab
    pods insecure
  }
}
EOF
daemon coredns coredns -conf $conf/Corefile
await 60 "node lab" kubectl wait --for=condition=Ready node/lab --timeout=1s
await 20 coredns curl -fs "http://$NODE_IP:8053/health"
await 20 "service account" kubectl get serviceaccount default
say "kubernetes: $(kubectl get node lab --no-headers | tr -s ' ')"
