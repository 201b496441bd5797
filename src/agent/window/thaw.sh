# shellcheck shell=bash
# Thaws one file system wherever it is mounted now, for a guard that can no longer do it.
#
#   bash --norc --noprofile -c THAW thaw FILE_SYSTEM
#
# FILE_SYSTEM is MAJOR:MINOR, as mountinfo writes it, or (records of older versions) the path where it was mounted.
# stdout: "thawed"; "gone": it was not frozen (any more); "nowhere": no mount point leads to it; "stuck REASON".
# A file system that was unmounted lazily while frozen stays frozen: "nowhere" does not mean that it was thawed.
set -u
unset TMOUT
export LC_ALL=C

# The id in mountinfo of the mount that a descriptor leads to.
mount_id() { # DESCRIPTOR
  local name value
  while read -r name value; do
    if [[ $name == mnt_id: ]]; then echo "$value"; fi
  done <"/proc/self/fdinfo/$1"
}

mapfile -t mounts </proc/self/mountinfo
verdict=nowhere
for line in ${mounts[@]+"${mounts[@]}"}; do
  read -r id _ device _ path _ <<<"$line"
  # The kernel writes space, tab, newline, # and backslash as three octal digits, which a format string reads.
  # shellcheck disable=SC2059
  printf -v path "${path//%/%%}x"
  path=${path%x}
  [[ $1 == "$device" || $1 == "$path" ]] || continue
  # Where another one is mounted over it, the path leads to that.
  exec {mount}<"$path" || continue
  [[ $(mount_id "$mount") == "$id" ]] || continue
  reason=$(fsfreeze --unfreeze "/proc/self/fd/$mount" 2>&1)
  case $?:$reason in
    0:*) echo thawed && exit ;;
    *': unfreeze failed: Invalid argument') verdict=gone && break ;;
    *) verdict="stuck ${reason//"/proc/self/fd/$mount"/"$path"}" ;;
  esac
done
echo "$verdict"
