# The file writer: writes our files into the data directory, as the account that owns it, so that nothing that
# account can prepare there (a symbolic link, a directory in the way) makes root write anywhere. Started and warm
# before the lock; the process that holds the lock does no I/O on the server's file systems itself.
#
#   bash -c WRITER file-writer      (working directory: the data directory)
#
# stdin:  "file NAME CONTENT" (one line of text) for each file, then "commit": they appear whole under their names, or
#         the old ones stay. End-of-file ends. Nothing is synced here: the freeze, or the sync under the lock, which
#         comes next, takes all of it to the volume, and a file on its own would be waited for twice.
# stdout: "waiting", then "written" or "failed" for each commit; the reason is on stderr.
set -u
trap '' HUP INT TERM PIPE
export LC_ALL=C
umask 027

names=()
temporaries=()
complete=yes

forget() {
  rm -f -- ${temporaries[@]+"${temporaries[@]}"}
  names=() temporaries=() complete=yes
}
trap forget EXIT

commit() {
  [[ $complete == yes ]] || return
  for index in "${!names[@]}"; do
    mv --force --no-target-directory -- "${temporaries[index]}" "${names[index]}" || return
  done
}

echo waiting
while read -r order name content; do
  case $order in
    file)
      temporary=".$name.$$.tmp"
      names+=("$name") temporaries+=("$temporary")
      # O_EXCL: follows no link, waits for no reader. The shell's own noclobber does both where a FIFO lies in the way.
      printf '%s\n' "$content" | dd of="$temporary" conv=excl status=none || complete=no
      ;;
    commit)
      if commit; then echo written; else echo failed; fi
      forget
      ;;
  esac
done
