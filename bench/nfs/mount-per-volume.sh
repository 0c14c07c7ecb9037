#!/bin/bash
# The life of volumes as csi-driver-nfs takes them through it, which mounts with mount(8) for each call: the export to make a directory, the
# directory to publish it, the export again to delete it. It has no stage. This does it in a shell, without gRPC and without records.
# Usage: mount-per-volume.sh SOURCE DIRECTORY NAME COUNT
# Prints microseconds: `create N`, `publish N` (mounting and unmounting), and at last `all N`.
set -eu
source=$1 directory=$2 name=$3 count=$4
now() { printf -v "$1" %s "${EPOCHREALTIME/./}"; }
now began
for ((index = 0; index < count; index++)); do
  volume=$name-$index scratch=$directory/$name-scratch target=$directory/$name-target
  now start
  mkdir -p "$scratch"
  mount -t nfs -o vers=4.2 "$source" "$scratch"
  mkdir "$scratch/$volume"
  chmod 0777 "$scratch/$volume"
  umount "$scratch"
  now end
  echo "create $((end - start))"
  now start
  mkdir -p "$target"
  mount -t nfs -o vers=4.2 "$source/$volume" "$target"
  umount "$target"
  rmdir "$target"
  now end
  echo "publish $((end - start))"
  mount -t nfs -o vers=4.2 "$source" "$scratch"
  rm -r "${scratch:?}/$volume"
  umount "$scratch"
done
now end
echo "all $((end - began))"
