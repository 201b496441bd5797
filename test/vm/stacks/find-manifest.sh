#!/usr/bin/env bash
# Prints the manifest of a set of which nothing is known: assembles what there is, mounts each file system read-only,
# looks into it, and takes all apart again.
set -euo pipefail
mdadm --assemble --scan >&2
vgchange --activate y >&2
udevadm settle
for device in $(blkid -o device -t TYPE=xfs) $(blkid -o device -t TYPE=ext4); do
  if [[ $(mountpoint -x "$device") == $(mountpoint -d /) ]]; then continue; fi
  mount -o ro "$device" /mnt || continue # an XFS whose log is elsewhere; its superblock does not say where
  find /mnt -maxdepth 2 -name mysql-ebs-snapshot.json -exec cat {} +
  umount /mnt
done
vgchange --activate n >&2
mdadm --stop --scan >&2
