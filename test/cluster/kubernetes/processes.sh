# shellcheck shell=bash disable=SC2154 # settings.sh has been read
# Processes in the namespaces of nodes.

# The first process of a node's namespaces as this kernel numbers it. Fails when there is none; a stale file is not believed.
first_process() {
  local pid
  pid=$(cat "$nodes/$1/first-process" 2>/dev/null) || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "node-init $1 $run" || return 1
  echo "$pid"
}

# in_node NODE COMMAND...: runs it in the namespaces of that node, in this directory.
in_node() {
  local node=$1 pid
  shift
  pid=$(first_process "$node") || die "$node does not run"
  PATH=$bin:$PATH KUBECONFIG=$pki/admin.conf nsenter -t "$pid" -m -n -p -u --wd="$PWD" -- "$@"
}

# start_daemon NODE NAME COMMAND...: runs it there in the background, with its output in logs/NODE/NAME.log and its process
# number (the node's) in NODE/pids/NAME. The script NODE/daemons/NAME starts it again.
start_daemon() {
  local node=$1 name=$2 directory=$nodes/$1 pid
  shift 2
  pid=$(first_process "$node") || die "$node does not run"
  {
    # shellcheck disable=SC2016 # for the shell that runs it
    printf 'echo $$ >%q\n' "$directory/pids/$name"
    printf 'exec'
    printf ' %q' "$@"
    printf ' >>%q 2>&1 </dev/null\n' "$logs/$node/$name.log"
  } >"$directory/daemons/$name"
  PATH=$bin:$PATH setsid nsenter -t "$pid" -m -n -p -u -- sh "$directory/daemons/$name" >/dev/null 2>&1 </dev/null &
}

# wait_until SECONDS LOG COMMAND...: until it succeeds. Ends the script, with the end of that log, when it does not.
wait_until() {
  local seconds=$1 log=$2 end
  shift 2
  end=$((SECONDS + seconds))
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$end" ]; then
      tail -n 20 "$log" >&2 || true
      die "not within $seconds s: $*"
    fi
    sleep 0.2
  done
}

# Numbers of processes that have this in one word of their command line. It has to name the run directory, to hit nothing foreign.
processes_with() {
  local pid
  local -a pids
  mapfile -t pids < <(grep -lsF -- "$1" /proc/[0-9]*/cmdline | cut -d / -f 3)
  for pid in "${pids[@]}"; do
    # The search has found itself too, and is over.
    if grep -qsF -- "$1" "/proc/$pid/cmdline"; then echo "$pid"; fi
  done
}
