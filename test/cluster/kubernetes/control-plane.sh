# shellcheck shell=bash disable=SC2154 # settings.sh, processes.sh and node.sh have been read
# etcd, API server, controller manager, scheduler and snapshot controller: processes of the first node.

make_authorities() {
  local authority
  mkdir -p "$pki"
  for authority in ca front-proxy-ca; do
    openssl ecparam -name prime256v1 -genkey -noout -out "$pki/$authority.key" 2>/dev/null
    openssl req -x509 -new -key "$pki/$authority.key" -subj "/CN=$authority" -days 30 -out "$pki/$authority.crt" 2>/dev/null
  done
  make_certificate apiserver /CN=kube-apiserver \
    "DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:$(node_address 1),IP:$api_address"
  make_certificate apiserver-kubelet /O=system:masters/CN=kube-apiserver-kubelet
  make_certificate admin /O=system:masters/CN=admin
  make_certificate controller-manager /CN=system:kube-controller-manager
  make_certificate scheduler /CN=system:kube-scheduler
  local client
  for client in admin controller-manager scheduler; do write_kubeconfig "$client"; done
  openssl ecparam -name prime256v1 -genkey -noout -out "$pki/service-accounts.key" 2>/dev/null
  openssl ec -in "$pki/service-accounts.key" -pubout -out "$pki/service-accounts.pub" 2>/dev/null
}

start_api() {
  local first
  first=$(node_name 1)
  mkdir -p "$run/etcd"
  start_daemon "$first" etcd etcd --name test --data-dir "$run/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
    --initial-cluster test=http://127.0.0.1:2380
  start_daemon "$first" kube-apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 \
    --advertise-address="$(node_address 1)" --bind-address=0.0.0.0 --secure-port=443 --service-cluster-ip-range=10.96.0.0/16 \
    --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" \
    --kubelet-client-certificate="$pki/apiserver-kubelet.crt" --kubelet-client-key="$pki/apiserver-kubelet.key" \
    --kubelet-certificate-authority="$pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$pki/service-accounts.pub" \
    --service-account-signing-key-file="$pki/service-accounts.key" --authorization-mode=Node,RBAC --allow-privileged=true \
    --requestheader-client-ca-file="$pki/front-proxy-ca.crt" --requestheader-allowed-names=front-proxy-client \
    --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
    --requestheader-extra-headers-prefix=X-Remote-Extra- --enable-admission-plugins=NodeRestriction --profiling=false
}

# The root CA file gives every namespace its kube-root-ca.crt, without which no pod with a service account starts.
start_controllers() {
  local first
  first=$(node_name 1)
  start_daemon "$first" kube-controller-manager kube-controller-manager --kubeconfig="$pki/controller-manager.conf" \
    --authentication-kubeconfig="$pki/controller-manager.conf" --authorization-kubeconfig="$pki/controller-manager.conf" \
    --leader-elect=false --bind-address=127.0.0.1 --use-service-account-credentials=true --profiling=false \
    --service-account-private-key-file="$pki/service-accounts.key" --root-ca-file="$pki/ca.crt"
  start_daemon "$first" kube-scheduler kube-scheduler --kubeconfig="$pki/scheduler.conf" --leader-elect=false \
    --authentication-kubeconfig="$pki/scheduler.conf" --authorization-kubeconfig="$pki/scheduler.conf" \
    --bind-address=127.0.0.1 --profiling=false
}

# Snapshots are an addition to Kubernetes that clusters bring themselves, like this one.
start_snapshot_controller() {
  in_node "$(node_name 1)" kubectl apply --server-side --filename "$crds" >/dev/null
  start_daemon "$(node_name 1)" snapshot-controller snapshot-controller --kubeconfig="$pki/admin.conf"
}

api_is_ready() { in_node "$(node_name 1)" kubectl get --raw /readyz; }
default_account_exists() { in_node "$(node_name 1)" kubectl -n default get serviceaccount default; }
