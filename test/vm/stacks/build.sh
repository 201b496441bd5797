#!/usr/bin/env bash
# Builds a storage stack of every kind, and a file system on each. Arguments: 13 empty disks for the server, and one
# more that is not the server's.
set -euo pipefail
data=("$1" "$2") binlog=("$3" "$4") logs=$5 sealed=$6 mirrored=("$7" "$8") wide=("${@:9:4}") thin=${13} other=${14}

main() {
  # The data directory: XFS on RAID0.
  mdadm --create /dev/md0 --run --level=0 --raid-devices=2 "${data[@]}"
  mount_new xfs /dev/md0 /data

  # The binary log: XFS on a striped logical volume, whose name has hyphens.
  vgcreate log-vg "${binlog[@]}"
  lvcreate --yes --type striped --stripes 2 --extents 100%FREE --name bin-log log-vg
  mount_new xfs /dev/log-vg/bin-log /binlog

  # The redo log: ext4 on a partition. The undo log: XFS on a linear logical volume on another of the same disk, its own
  # log on a logical volume beside it.
  sfdisk --quiet "$logs" <<<$'label: gpt\nsize=400M\n-'
  udevadm settle
  mount_new ext4 "$logs-part1" /redo
  vgcreate undo "$logs-part2"
  lvcreate --yes --size 96M --name xfs-log undo
  lvcreate --yes --extents 100%FREE --name undo undo
  mount_new xfs /dev/undo/undo /undo logdev=/dev/undo/xfs-log

  # Tablespaces elsewhere: on LUKS,
  cryptsetup luksFormat --batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file /root/sealed.key "$sealed"
  cryptsetup open --key-file /root/sealed.key "$sealed" sealed
  mount_new ext4 /dev/mapper/sealed /sealed
  # on RAID1,
  mdadm --create /dev/md1 --run --assume-clean --level=1 --raid-devices=2 "${mirrored[@]}"
  mount_new xfs /dev/md1 /mirrored
  # on a logical volume on RAID10,
  mdadm --create /dev/md10 --run --assume-clean --level=10 --raid-devices=4 "${wide[@]}"
  vgcreate wide /dev/md10
  lvcreate --yes --extents 100%FREE --name wide wide
  mount_new ext4 /dev/wide/wide /wide
  # and on a thin logical volume, larger than its pool.
  vgcreate thin "$thin"
  lvcreate --yes --type thin-pool --extents 90%FREE --name pool thin
  lvcreate --yes --thin --virtualsize 2G --name lazy thin/pool
  mount_new xfs /dev/thin/lazy /thin

  mount_new xfs "$other" /elsewhere
}

# mount_new TYPE DEVICE MOUNT_POINT [logdev=DEVICE]
mount_new() {
  "mkfs.$1" -q ${4:+-l "$4"} "$2"
  mkdir "$3"
  mount ${4:+-o "$4"} "$2" "$3"
  install --directory --owner=mysql --group=mysql "$3/mysql"
}

main
