# shellcheck shell=bash disable=SC2034 # what is set here is used by those that read it
# What the scripts of this folder agree on. Names in capitals that begin with STOWAGE can be set from outside.

# Programs and images that are built once, and all that a cluster is while it runs.
: "${STOWAGE_CLUSTER_CACHE:=/var/cache/stowage-cluster}"
: "${STOWAGE_CLUSTER_RUN:=/var/tmp/stowage-cluster}"
export STOWAGE_CLUSTER_CACHE STOWAGE_CLUSTER_RUN

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../../.." && pwd)
bin=$STOWAGE_CLUSTER_CACHE/bin
images=$STOWAGE_CLUSTER_CACHE/images
crds=$STOWAGE_CLUSTER_CACHE/crds

# Below the run directory. A node's own directory is on the disk of its own when it is a User-mode Linux; logs are always here.
run=$STOWAGE_CLUSTER_RUN
pki=$run/pki
nodes=$run/nodes
logs=$run/logs
guests=$run/guests
disks=$run/disks

# All pods of a cluster are below this cgroup of our own; the machine's others stay as they are.
cgroup=$(basename "$run")

# These addresses exist only in the network namespaces of the nodes.
api_address=10.96.0.1
node_name() { echo "node$1"; }
node_address() { echo "10.99.0.$1"; }
pods_of_node() { echo "10.244.$1.0/24"; }

# Which kernel each node has, in the order of their numbers: `machine` or `uml`. Written by `up`.
node_kinds() { cat "$run/kinds" 2>/dev/null; }
# The numbers of the nodes, or of those of one kind.
node_numbers() {
  local number=0 kind
  for kind in $(node_kinds); do
    number=$((number + 1))
    [ "${1:-$kind}" != "$kind" ] || echo "$number"
  done
}

# Names that containerd and Kubernetes' own tests ask for.
pause_image=registry.k8s.io/pause:3.10.1
busybox_image=registry.k8s.io/e2e-test-images/busybox:1.37.0-1
# The version that the stand-in of test/cluster/kubernetes/go/kube/registrar passes for.
registrar_image=registry.k8s.io/sig-storage/csi-node-driver-registrar:v2.17.0
agnhost_image=registry.k8s.io/e2e-test-images/agnhost:2.56
# Some storage specs name the first only to get a shell, so busybox gets its name too; from the second they want GNU's dd as well.
shell_image=registry.k8s.io/e2e-test-images/nginx:1.14-4
dd_image=registry.k8s.io/e2e-test-images/jessie-dnsutils:1.7

say() { printf '[%s] %s\n' "$(date +%T)" "$*"; }
die() {
  say "error: $*" >&2
  exit 1
}
