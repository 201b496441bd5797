# shellcheck shell=bash
# The file writer: writes our files into the data directory, as the account that owns it, so that nothing that
# account can prepare there (a symbolic link, a directory in the way) makes root write anywhere. Started and warm
# before the lock; the process that holds the lock does no I/O on the server's file systems itself.
#
#   bash --norc --noprofile -c WRITER file-writer      (working directory: the data directory)
#
# stdin:  "file NAME CONTENT" (one line of text) for each file, "none NAME" for each that must not be there, then
#         "commit": they appear whole under their names, or the old ones stay. End-of-file ends. Nothing is synced here:
#         the freeze, or the sync, which comes next, takes all of it to the volume, and a file on its own would be
#         waited for twice.
# stdout: "waiting", then "written" or "failed REASON" for each commit, one line.
set -u
# A shell ends its `read` after that many seconds (bash(1)).
unset TMOUT
trap '' HUP INT TERM PIPE
export LC_ALL=C
umask 027

newline=$'\n'
suffix=.mysql-ebs-snapshot.tmp
names=()
temporaries=()
unwanted=()
reason=''

forget() {
  rm -f -- ${temporaries[@]+"${temporaries[@]}"}
  names=() temporaries=() unwanted=() reason=''
}
trap forget EXIT

# O_EXCL: follows no link, waits for no reader. The shell's own noclobber does both where a FIFO lies in the way.
create() { # FILE CONTENT
  printf '%s\n' "$2" | dd of="$1" conv=excl status=none 2>&1
}

commit() {
  local index
  [[ -z $reason ]] || return
  if ((${#unwanted[@]})); then reason=$(rm --force -- "${unwanted[@]}" 2>&1) || return; fi
  for index in "${!names[@]}"; do
    reason=$(mv --force --no-target-directory -- "${temporaries[index]}" "${names[index]}" 2>&1) || return
  done
}

# What one that was killed has left.
rm -f -- .*"$suffix" 2>/dev/null

echo waiting
while read -r order name content; do
  case $order in
    file)
      temporary=".$name.$$$suffix"
      names+=("$name") temporaries+=("$temporary")
      # A failure without a word is one, too.
      reason+=$(create "$temporary" "$content") || reason+=' '
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
