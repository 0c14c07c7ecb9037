# shellcheck shell=bash disable=SC2154 # settings.sh, processes.sh and node.sh have been read
# Nodes that are User-mode Linux: a whole machine in one process group, with a kernel that has project quotas and lets a mounted
# ext4 grow. Killing the group takes its power away, and a boot after that finds only what was on its disks.

# The process that leads a guest's group, if it runs.
guest_process() {
  local pid
  pid=$(cat "$guests/$1/process" 2>/dev/null) || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "uml_dir=$guests/$1/" || return 1
  echo "$pid"
}

# prepare_guest NUMBER: its disks, and its port of the bridge.
prepare_guest() {
  local node first
  node=$(node_name "$1") first=$(node_name 1)
  mkdir -p "$guests/$node/jobs" "$logs/$node" "$nodes/$node"
  # overlayfs does not work on the machine's files as a guest sees them (hostfs): the node's own directory is a disk.
  truncate -s 16G "$disks/$node.img"
  mkfs.ext4 -q -F -E lazy_itable_init=1 "$disks/$node.img"
  in_node "$first" ip tuntap add "tap$1" mode tap
  in_node "$first" ip link set "tap$1" master nodes up
}

# boot_guest NUMBER: returns when it has joined the cluster, which does not mean that the cluster has noticed.
boot_guest() {
  local node directory first processor
  node=$(node_name "$1") directory=$guests/$(node_name "$1") first=$(node_name 1)
  ! guest_process "$node" >/dev/null || die "$node runs already"
  rm -rf "${directory:?}/$node" "$directory"/jobs/* "$directory/has-joined" "$directory/has-failed"
  # On one processor: passing the turn between its kernel and its programs to another one makes it three times slower.
  processor=$(taskset -cp $$ | sed 's/.*[^0-9]//')
  # Its network device is a tap of the first node, so it runs in that network. Words that the kernel does not know become the
  # environment of its first process.
  setsid nsenter -t "$(first_process "$first")" -n taskset -c "$processor" linux.uml mem=3G rootfstype=hostfs rootflags=/ rw \
    init="$here/guest-init" umid="$node" uml_dir="$directory/" ubd0="$disks/$node.img" ubd1="$disks/$node-btrfs.img" \
    eth0="tuntap,tap$1" con=null con0=fd:0,fd:1 quiet NODE_NUMBER="$1" \
    STOWAGE_CLUSTER_CACHE="$STOWAGE_CLUSTER_CACHE" STOWAGE_CLUSTER_RUN="$STOWAGE_CLUSTER_RUN" \
    </dev/null >"$logs/$node/console.log" 2>&1 &
  echo $! >"$directory/process"
  wait_until 240 "$logs/$node/console.log" guest_has_settled "$1"
  [ -e "$directory/has-joined" ] || { tail -n 30 "$logs/$node/console.log" >&2; die "$node could not join"; }
}

guest_has_settled() {
  local directory
  directory=$guests/$(node_name "$1")
  # Right after the start it is not what it will be yet, so only its number is asked for.
  [ -e "$directory/has-joined" ] || [ -e "$directory/has-failed" ] || ! kill -0 "$(cat "$directory/process")"
}

# cut_power NODE: what was not written to its disks is gone.
cut_power() {
  local pid
  pid=$(guest_process "$1") || return 0
  kill -KILL -- "-$pid"
  while kill -0 -- "-$pid" 2>/dev/null; do sleep 0.05; done
}

# in_guest NODE COMMAND...: a guest has no door but files; it looks for new ones all the time. The command is run in the node's
# namespaces; `import-images` is no program but what guest-init does.
in_guest() {
  local node=$1 job
  shift
  guest_process "$node" >/dev/null || die "$node does not run"
  job=$guests/$node/jobs/$BASHPID-$RANDOM
  printf '%q ' "$@" >"$job.part"
  mv "$job.part" "$job.sh"
  while [ ! -e "$job.status" ]; do
    guest_process "$node" >/dev/null || die "$node died meanwhile"
    sleep 0.1
  done
  cat "$job.out"
  cat "$job.err" >&2
  return "$(cat "$job.status")"
}
