# shellcheck shell=bash
# The file writer: writes our files into the data directory, as the account that owns it, so that nothing that
# account can prepare there (a symbolic link, a directory in the way) makes root write anywhere. Started and warm
# before the lock; the process that holds the lock does no I/O on the server's file systems itself.
#
#   bash --norc --noprofile -c WRITER file-writer      (working directory: the data directory)
#
# stdin:  "open NAME...": the temporary files of these are made, empty. "file NAME LENGTH" and LENGTH bytes (one line of text,
#         its newline included) for each file, "none NAME" for each that must not be there, then "commit": they appear whole
#         under their names, or the old ones stay. End-of-file ends. Nothing is synced here: the freeze, or the sync, which
#         comes next, takes all of it to the volume, and a file on its own would be waited for twice.
# stdout: "waiting"; then "opened", or "failed REASON", for each open; "written", or "failed REASON", for each commit.
# Commits wait from "file" to "written", so there only `mv` is started. Descriptor 3, the writers' lock, is inherited.
set -u
# A shell ends its `read` after that many seconds (bash(1)).
unset TMOUT
trap '' HUP INT TERM PIPE
export LC_ALL=C
umask 027

newline=$'\n'
suffix=.mysql-ebs-snapshot.tmp
# The descriptor of the temporary file of each name that has one.
declare -A descriptors=()
names=()
unwanted=()
reason=''

temporary_of() { # NAME; sets $temporary
  temporary=".$1.$$$suffix"
}

forget() {
  local name descriptor left=()
  for name in "${!descriptors[@]}"; do
    temporary_of "$name"
    left+=("$temporary")
    descriptor=${descriptors[$name]}
    exec {descriptor}>&-
  done
  if ((${#left[@]})); then rm -f -- "${left[@]}"; fi
  descriptors=() names=() unwanted=() reason=''
}
trap forget EXIT

# O_EXCL: follows no link. The shell's own noclobber does where a FIFO lies in the way, and waits for its reader; opened for
# both directions, one waits for nobody.
open_temporary() { # NAME
  local descriptor=''
  [[ -z ${descriptors[$1]-} ]] || return 0
  temporary_of "$1"
  # A failure without a word is one, too.
  reason+=$(dd of="$temporary" conv=excl status=none 2>&1 </dev/null) || { reason+=' ' && return 1; }
  exec {descriptor}<>"$temporary" || { reason+=" $temporary cannot be opened" && return 1; }
  descriptors[$1]=$descriptor
}

fill() { # NAME CONTENT
  local descriptor
  open_temporary "$1" || return
  names+=("$1")
  descriptor=${descriptors[$1]}
  printf '%s' "$2" 1>&"$descriptor" 2>/dev/null && return
  # Once more, to learn why: without a child this takes no time under the lock.
  reason+=$(printf '%s' "$2" 2>&1 1>&"$descriptor")
  reason+=' '
}

# Both at once; why one failed is said on stdout.
move() {
  local name pid pids=() status=0
  for name in ${names[@]+"${names[@]}"}; do
    temporary_of "$name"
    mv --force --no-target-directory -- "$temporary" "$name" 2>&1 &
    pids+=("$!")
  done
  for pid in ${pids[@]+"${pids[@]}"}; do wait "$pid" || status=1; done
  return "$status"
}

commit() {
  local name descriptor
  [[ -z $reason ]] || return
  if ((${#unwanted[@]})); then reason=$(rm --force -- "${unwanted[@]}" 2>&1) || return; fi
  reason=$(move) || return
  for name in ${names[@]+"${names[@]}"}; do
    descriptor=${descriptors[$name]}
    exec {descriptor}>&-
    unset "descriptors[$name]"
  done
}

echo waiting
while read -r order name length; do
  case $order in
    open)
      # What one that was killed has left.
      if ((!${#descriptors[@]})); then rm -f -- .*"$suffix" 2>/dev/null; fi
      for each in $name $length; do open_temporary "$each" || break; done
      if [[ -z $reason ]]; then echo opened; else
        echo "failed ${reason//$newline/; }"
        forget
      fi
      ;;
    file)
      IFS= read -r -N "$length" content
      fill "$name" "$content"
      ;;
    none)
      unwanted+=("$name")
      ;;
    commit)
      if commit; then echo written; else echo "failed ${reason//$newline/; }"; fi
      forget
      ;;
  esac
done
