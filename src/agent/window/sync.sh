# shellcheck shell=bash
# The syncer: says which file system of a run takes no writes, and syncs them. The process that holds the lock does neither.
#
#   bash --norc --noprofile -c SYNC sync MOUNT...
#
# Each mount is opened once, at the start: what is probed and synced is what that descriptor leads to, whatever lies under
# the path by then. Whatever is started here inherits descriptor 3, the writers' lock.
#
# stdin:  "probe N": would a write to mount N wait? "sync N...": sync these. End-of-file ends.
# stdout: for each mount, in order, "opened MAJOR:MINOR" (as mountinfo writes the device), or "refused" where it cannot be
#         opened; then one line for each order: "probed", "synced" or "failed REASON".
set -u
# A shell ends its `read` after that many seconds (bash(1)).
unset TMOUT
trap '' HUP INT TERM PIPE
export LC_ALL=C

newline=$'\n'
# A name that no file has. Unlinking it changes nothing, but the kernel asks for leave to write before it looks it up, and
# in a frozen file system that waits for the thaw (seen on Linux 6.18).
nothing=.mysql-ebs-snapshot.$$.none

# Prints the device of the mount that a descriptor leads to; nothing where it is mounted nowhere any more.
device_of() { # DESCRIPTOR
  local name value id='' mount device
  while read -r name value; do
    if [[ $name == mnt_id: ]]; then id=$value; fi
  done <"/proc/self/fdinfo/$1"
  while read -r mount _ device _; do
    if [[ $mount == "$id" ]]; then echo "$device"; fi
  done </proc/self/mountinfo
}

sync_all() { # NUMBER...
  local number reason opened=()
  for number in "$@"; do opened+=("/proc/self/fd/${descriptors[number]}"); done
  if reason=$(sync --file-system "${opened[@]}" 2>&1); then echo synced; else echo "failed ${reason//$newline/; }"; fi
}

descriptors=()
for path in "$@"; do
  # Assigned by `exec`.
  descriptor=''
  if exec {descriptor}<"$path"; then echo "opened $(device_of "$descriptor")"; else echo refused; fi
  descriptors+=("$descriptor")
done

while read -r order numbers; do
  read -r -a chosen <<<"$numbers"
  case $order in
    probe)
      unlink "/proc/self/fd/${descriptors[chosen]}/$nothing" 2>/dev/null
      echo probed
      ;;
    sync) sync_all "${chosen[@]}" ;;
  esac
done
