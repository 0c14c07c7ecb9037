# shellcheck shell=bash disable=SC2154 # settings.sh and processes.sh have been read
# What a node is made of, on the machine's kernel and on a User-mode Linux alike.

# make_certificate NAME SUBJECT [ALTERNATIVE_NAMES]
make_certificate() {
  local extensions=extendedKeyUsage=clientAuth,serverAuth
  [ -z "${3:-}" ] || extensions+=$'\n'subjectAltName=$3
  openssl ecparam -name prime256v1 -genkey -noout -out "$pki/$1.key" 2>/dev/null
  openssl req -new -key "$pki/$1.key" -subj "$2" -out "$pki/$1.csr" 2>/dev/null
  openssl x509 -req -in "$pki/$1.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial -days 30 -out "$pki/$1.crt" \
    -extfile <(echo "$extensions") 2>/dev/null
}

# write_kubeconfig NAME: what a client with the certificate of that name connects with.
write_kubeconfig() {
  cat >"$pki/$1.conf" <<CONF
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "https://$(node_address 1):443", certificate-authority: $pki/ca.crt}}]
users: [{name: $1, user: {client-certificate: $pki/$1.crt, client-key: $pki/$1.key}}]
contexts: [{name: test, context: {cluster: test, user: $1}}]
current-context: test
CONF
}

# make_credentials NUMBER: certificates and configuration of a kubelet.
make_credentials() {
  local node
  node=$(node_name "$1")
  make_certificate "$node-server" "/CN=$node" "DNS:$node,IP:$(node_address "$1"),IP:127.0.0.1"
  make_certificate "$node" "/O=system:nodes/CN=system:node:$node"
  write_kubeconfig "$node"
}

# start_namespaces NUMBER BTRFS
start_namespaces() {
  local node directory outer
  node=$(node_name "$1") directory=$nodes/$(node_name "$1")
  mkdir -p "$logs/$node" "$directory"/{pids,daemons,containerd,cni,cni-state}
  rm -f "$directory/is-ready"
  setsid unshare --fork --kill-child --pid --mount-proc --mount --net --uts --propagation private \
    bash "$here/node-init" "$node" "$run" "$2" >"$logs/$node/init.log" 2>&1 </dev/null &
  outer=$!
  for _ in $(seq 200); do
    if [ -e "$directory/is-ready" ] || ! kill -0 "$outer" 2>/dev/null; then break; fi
    sleep 0.05
  done
  if [ ! -e "$directory/is-ready" ]; then
    cat "$logs/$node/init.log" >&2
    die "could not make the namespaces of $node"
  fi
  pgrep -P "$outer" | head -n 1 >"$directory/first-process"
  make_cgroups "$node"
}

# One cgroup of our own in each hierarchy, v1 or v2: nothing else is touched, and there is one place to clean.
make_cgroups() {
  local hierarchy group
  if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
    mkdir -p "/sys/fs/cgroup/$cgroup/$1"
    for group in /sys/fs/cgroup "/sys/fs/cgroup/$cgroup"; do
      sed 's/\([a-z]\+\)/+\1/g' "$group/cgroup.controllers" >"$group/cgroup.subtree_control"
    done
    return
  fi
  for hierarchy in /sys/fs/cgroup/*/; do
    [ "$(stat -fc %T "$hierarchy")" = cgroupfs ] || continue
    for group in "$cgroup" "$cgroup/$1"; do
      mkdir -p "$hierarchy$group"
      # A new cpuset of v1 is empty, and no process can enter it.
      [ -e "$hierarchy/cpuset.cpus" ] || continue
      cat "$hierarchy/cpuset.cpus" >"$hierarchy$group/cpuset.cpus"
      cat "$hierarchy/cpuset.mems" >"$hierarchy$group/cpuset.mems"
    done
  done
}

# write_node_config NUMBER
write_node_config() {
  local node directory
  node=$(node_name "$1") directory=$nodes/$(node_name "$1")
  # restrict_oom_score_adj: without CAP_SYS_RESOURCE no process may lower its OOM score, and no sandbox would start.
  # hugetlb: kernels without that controller are fine.
  cat >"$directory/containerd.toml" <<CONF
version = 2
root = "$directory/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp",
]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$pause_image"
  restrict_oom_score_adj = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$directory/cni"
CONF
  cat >"$directory/cni/10-bridge.conflist" <<CONF
{"cniVersion": "1.0.0", "name": "pods", "plugins": [{
  "type": "bridge", "bridge": "pods", "isGateway": true, "isDefaultGateway": true, "hairpinMode": true, "ipMasq": false,
  "ipam": {"type": "host-local", "dataDir": "$directory/cni-state", "ranges": [[{"subnet": "$(pods_of_node "$1")"}]]}}]}
CONF
  # Nothing is evicted and no image collected, however full the machine is: images could not be pulled again.
  cat >"$directory/kubelet.yaml" <<CONF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
failCgroupV1: false
failSwapOn: false
cgroupDriver: cgroupfs
cgroupRoot: /$cgroup/$node
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: $pki/ca.crt}}
authorization: {mode: AlwaysAllow}
tlsCertFile: $pki/$node-server.crt
tlsPrivateKeyFile: $pki/$node-server.key
resolvConf: ""
maxPods: 250
serializeImagePulls: false
volumeStatsAggPeriod: 10s
evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", imagefs.inodesFree: "0%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
CONF
}

# start_containerd NODE
start_containerd() {
  start_daemon "$1" containerd containerd --config "$nodes/$1/containerd.toml"
  wait_until 60 "$logs/$1/containerd.log" in_node "$1" ctr version
}

# start_kubelet NUMBER KIND: the kind is a label of the node.
start_kubelet() {
  local node
  node=$(node_name "$1")
  start_daemon "$node" kubelet kubelet --config="$nodes/$node/kubelet.yaml" --kubeconfig="$pki/$node.conf" \
    --hostname-override="$node" --node-ip="$(node_address "$1")" --node-labels="test.stowage.dev/kernel=$2"
}

# import_images NODE KIND: those that this node does not have yet, or in another version; the driver's own with them, once it is made. A
# User-mode Linux takes long to unpack them and gets only what runs on every node.
import_images() {
  local archive mark
  for archive in "$images"/*.tar "$project"/dist/image/*.tar; do
    [ -e "$archive" ] || continue
    case $2/$(basename "$archive") in
      uml/agnhost.tar | uml/csi-provisioner.tar | uml/csi-resizer.tar | uml/csi-snapshotter.tar | uml/dd.tar) continue ;;
    esac
    mark=$nodes/$1/imported-$(basename "$archive")
    [ ! -e "$mark" ] || [ "$archive" -nt "$mark" ] || continue
    in_node "$1" ctr -n k8s.io images import "$archive" >/dev/null || die "could not import $archive on $1"
    touch -r "$archive" "$mark"
  done
  in_node "$1" ctr -n k8s.io images tag --force "$busybox_image" "$shell_image" >/dev/null
}

node_is_ready() {
  in_node "$(node_name 1)" kubectl get node "$1" \
    -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}{.spec.taints}' | grep -qx True
}
