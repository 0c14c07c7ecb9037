#!/bin/sh
# The first process of a User-mode Linux guest. The machine's own root file system is its root (hostfs), so whatever is
# written outside of the mounts below is written on the machine: this script keeps to them and to $EXCHANGE.
#
# From the kernel's command line (words that it does not know become the environment):
#   EXCHANGE  folder on the machine with run.sh, the command of this guest; its exit status is left there
#   SCRATCH   a blank disk, formatted and mounted at /var/tmp; without it that is in memory
project=$(cd "$(dirname "$0")/../.." && pwd)
export PATH="$project/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export HOME=/root LC_ALL=C.UTF-8
unset TERM

fail() {
  echo "guest-init: $*"
  halt -f
}

mount -t proc proc /proc || fail 'cannot mount /proc'
mount -t sysfs sysfs /sys || fail 'cannot mount /sys'
# Without a /dev of its own, device nodes would be made on the machine.
grep -q ' /dev devtmpfs ' /proc/mounts || mount -t devtmpfs devtmpfs /dev || fail 'cannot mount /dev'
ln -sfn /proc/self/fd /dev/fd
ln -sfn fd/0 /dev/stdin
ln -sfn fd/1 /dev/stdout
ln -sfn fd/2 /dev/stderr
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
for directory in /dev/shm /run; do
  mount -t tmpfs -o mode=0755 tmpfs "$directory" || fail "cannot mount $directory"
done

# The machine's files stay in reach below /run/machine, and the project where it was, whatever is mounted over them.
mkdir /run/machine
mount --bind / /run/machine || fail 'cannot bind the root'
export EXCHANGE="/run/machine$EXCHANGE"
if [ -n "$SCRATCH" ]; then
  mkfs.ext4 -q "$SCRATCH" && mount "$SCRATCH" /var/tmp || fail "cannot use the scratch disk $SCRATCH"
else
  mount -t tmpfs tmpfs /var/tmp || fail 'cannot mount /var/tmp'
fi
for directory in /tmp /mnt; do
  mount -t tmpfs tmpfs "$directory" || fail "cannot mount $directory"
done
chmod 1777 /tmp /var/tmp /dev/shm
if [ ! -d "$project" ]; then
  mkdir -p "$project" && mount --bind "/run/machine$project" "$project" || fail "cannot bind $project"
fi

# The kernel asks for modules too (quota formats, for instance): it is pointed at the guest's own, so that nothing has to
# be made in the machine's /lib.
mkdir -p /run/uml/lib
ln -s /usr/lib/uml/modules /run/uml/lib/modules
printf '#!/bin/sh\nexec /sbin/modprobe -d /run/uml "$@"\n' >/run/uml/modprobe
chmod 0755 /run/uml/modprobe
echo /run/uml/modprobe >/proc/sys/kernel/modprobe
/run/uml/modprobe -a loop dm-mod dm-flakey quota_v2 || fail 'cannot load the kernel modules of package user-mode-linux'

# What the guest says to the machine line by line; it gets through at once and survives a power cut.
stty -F /dev/ttyS0 raw -echo

cd "$project" || fail "cannot enter $project"
sh "$EXCHANGE/run.sh"
echo $? >"$EXCHANGE/exit-status.part"
# A mount whose server is gone keeps it waiting for ever.
sync &
sync=$! tries=0
while kill -0 "$sync" 2>/dev/null && [ "$tries" -lt 100 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
mv "$EXCHANGE/exit-status.part" "$EXCHANGE/exit-status"
halt -f -n
