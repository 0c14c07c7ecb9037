# shellcheck shell=bash disable=SC2154 # settings.sh and processes.sh have been read
# A bridge on the first node is the wire between all of them. There is no kube-proxy and no DNS: the one service address that pods
# need, the API server's, lies on the first node, and pods reach it by their default route.

make_bridge() {
  local first
  first=$(node_name 1)
  in_node "$first" ip link add nodes type bridge
  in_node "$first" ip addr add "$(node_address 1)/24" dev nodes
  in_node "$first" ip addr add "$api_address/32" dev lo
  # A bridge is up only while one of its ports is.
  in_node "$first" ip link add up0 type veth peer name up1
  in_node "$first" ip link set up0 master nodes up
  in_node "$first" ip link set up1 up
  in_node "$first" ip link set nodes up
}

# connect NUMBER: a node of the machine's kernel, by a pair of devices.
connect() {
  local first node
  first=$(node_name 1) node=$(node_name "$1")
  nsenter -t "$(first_process "$first")" -n ip link add "port$1" type veth peer name node0 netns "$(first_process "$node")"
  in_node "$first" ip link set "port$1" master nodes up
  in_node "$node" ip addr add "$(node_address "$1")/24" dev node0
  in_node "$node" ip link set node0 up
  in_node "$node" ip route add "$api_address/32" via "$(node_address 1)"
}

# route_pods NUMBER: the way from a node to the pods of all others, connected already or not.
route_pods() {
  local other
  for other in $(node_numbers); do
    [ "$other" = "$1" ] || in_node "$(node_name "$1")" ip route replace "$(pods_of_node "$other")" via "$(node_address "$other")"
  done
}
