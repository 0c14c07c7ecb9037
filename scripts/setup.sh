#!/bin/sh
# Installs what a command of the Makefile lacks, says so, and does nothing when all is there. Runs before Node.js is
# known to exist, hence plain sh. Usage: scripts/setup.sh run|test|cluster
#   run      what the driver and its demonstration use
#   test     that, and what the tests use
#   cluster  all that, and what a Kubernetes on this machine uses
set -eu
cd "$(dirname "$0")/.."
# Without this folder's own tools: npm ci replaces them while it runs.
PATH=$(printf '%s' "$PATH" | sed "s|$PWD/node_modules/.bin:||g"):/usr/local/sbin:/usr/sbin:/sbin
export PATH
purpose=${1:-run}

say() { printf 'setup: %s\n' "$*"; }
give_up() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

# Each line: a program or file that has to be there, and the Debian and Ubuntu package that has it.
required() {
  cat <<'LIST'
mount util-linux
unshare util-linux
mkfs.ext4 e2fsprogs
mkfs.xfs xfsprogs
mkfs.btrfs btrfs-progs
bwrap bubblewrap
modprobe kmod
node nodejs
npm npm
LIST
  [ "$purpose" = cluster ] || return 0
  cat <<'LIST'
containerd containerd
runc runc
/usr/lib/cni/bridge containernetworking-plugins
busybox busybox-static
linux.uml user-mode-linux
mmdebstrap mmdebstrap
openssl openssl
nsenter util-linux
taskset util-linux
ip iproute2
cc gcc libc6-dev
pgrep procps
LIST
}

# Not every system has these; what uses them fails without, and everything else goes on.
optional() {
  echo mount.nfs nfs-common
  [ "$purpose" != run ] || return 0
  cat <<'LIST'
exportfs nfs-kernel-server
rpcbind rpcbind
ip iproute2
tc iproute2
linux.uml user-mode-linux
mmdebstrap mmdebstrap
dmsetup dmsetup
setfattr attr
setcap libcap2-bin
python3 python3
repquota quota
faketime faketime
LIST
}

# Reads such lines; prints the packages of those that are not there, each once.
missing() {
  while read -r program package; do
    command -v "$program" >/dev/null 2>&1 || echo "$package"
  done | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# Why packages cannot be installed here, or nothing.
obstacle() {
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "this system has no apt-get"
  elif [ "$(id -u)" != 0 ]; then
    echo "only root can install packages"
  fi
}

install() {
  if ! DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null; then
    say "refreshing the package lists, since that did not work with the ones at hand"
    apt-get update -q </dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null
  fi
}

packages=$(required | missing)
if [ -n "$packages" ]; then
  reason=$(obstacle)
  [ -z "$reason" ] || give_up "missing: $packages; $reason. Install them (as root on Debian or Ubuntu: apt-get install $packages) and run this again."
  say "installing with apt-get: $packages"
  # shellcheck disable=SC2086 # one word for each package
  install $packages || give_up "apt-get could not install them (its message is above). Install them by hand, and run this again: $packages"
  packages=$(required | missing)
  [ -z "$packages" ] || give_up "still missing after the installation: $packages. Look at the messages above."
fi

packages=$(optional | missing)
if [ -n "$packages" ]; then
  reason=$(obstacle)
  if [ -n "$reason" ]; then
    say "missing: $packages ($reason); NFS or some tests need them. To have them: apt-get install $packages"
  else
    say "installing with apt-get: $packages"
    # shellcheck disable=SC2086
    install $packages || say "apt-get could not install: $packages; NFS or some tests need them"
  fi
fi

major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 18 ] || give_up "Node.js $(node --version) is too old to install the dependencies: install version 18 or newer (the project then brings its own, see .nvmrc)."

if [ "$purpose" = cluster ] && ! command -v go >/dev/null 2>&1; then
  give_up "Kubernetes is built from Go modules, and there is no go: install Go 1.26 or newer (https://go.dev/dl) and put it on PATH."
fi

# npm writes its own copy of the lockfile when it is done: an older one, or none, means that something changed.
done_file=node_modules/.package-lock.json
if [ ! -f "$done_file" ] || [ -n "$(find package-lock.json -newer "$done_file")" ] || [ ! -x node_modules/.bin/node ]; then
  say "installing the dependencies of package-lock.json with npm ci"
  npm ci --include=dev --no-audit --no-fund --loglevel=error </dev/null ||
    give_up "npm ci failed (its message is above): it needs the npm registry. Run it where there is a network, then run this again."
  touch "$done_file"
fi
