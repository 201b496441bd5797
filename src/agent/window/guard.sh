# The guard: owns the freeze of every file system of one run, for its whole life.
#
#   bash -c GUARD guard DEADLINE_SECONDS RECORDS MOUNT...
#
# RECORDS is a folder under /run that holds a file for each mount that may be frozen by us, and only while it may be:
# what `thaw` puts right after a crash, and nothing else.
#
# stdin:  "freeze" freezes all mounts at once; end-of-file is the order to thaw. The agent ends the window by
#         closing its end; if the agent is killed, the kernel closes it.
# stdout: for each mount, by number: "waiting N" (forked and warm), then "frozen N", "busy N" (frozen by somebody
#         else) or "refused N REASON", then "thawed N STATUS"; "end" when nothing is left to do.
#
# Each mount has a holder (freezes) and a thawer (thaws), both forked before the lock is taken: between freeze and
# thaw the thawer forks nothing, it at most execs. The thawer is armed before the freeze is asked for, and thaws at
# end-of-file or at the deadline, whichever comes first, even when everybody above it is dead.
set -u
trap '' HUP INT TERM PIPE
export LC_ALL=C
echo -1000 2>/dev/null >/proc/self/oom_score_adj

deadline=$1
records=$2
shift 2

# A freeze that was refused is not ours to thaw; one that was killed may have happened all the same.
freeze() { # NUMBER MOUNT; sets $verdict
  local reason status
  reason=$(fsfreeze --freeze "$2" 2>&1)
  status=$?
  case $status:$reason in
    0:*) verdict="frozen $1" ;;
    1:*busy*) verdict="busy $1" ;;
    1:* | 126:* | 127:*) verdict="refused $1 $reason" ;;
    *) verdict="frozen $1" ;;
  esac
}

thawer() { # MOUNT; stdin: "armed", then end-of-file
  local word
  read -r word || exit 0
  read -r -t "$deadline" word
  [[ ${word-} == disarm ]] && exit 0
  exec fsfreeze --unfreeze "$1"
}

holder() { # NUMBER MOUNT; stdin: "freeze", then end-of-file
  local word thaw thawer_pid verdict status
  local record="$records/$$.$1"
  printf '%s' "$2" >"$record" || return
  exec {thaw}> >(thawer "$2" 2>&1)
  thawer_pid=$!
  echo "waiting $1"
  if read -r word; then
    echo armed >&"$thaw"
    freeze "$1" "$2"
    echo "$verdict"
    if [[ $verdict == frozen* ]]; then
      read -r -t "$deadline" word
    else
      echo disarm >&"$thaw"
    fi
  fi
  exec {thaw}>&-
  wait "$thawer_pid"
  status=$?
  [[ $status == 0 ]] && rm -f -- "$record"
  [[ ${verdict-} == frozen* ]] && echo "thawed $1 $status"
}

holders=()
pids=()
number=0
for mount in "$@"; do
  exec {fd}> >(
    for earlier in ${holders[@]+"${holders[@]}"}; do exec {earlier}>&-; done
    holder "$number" "$mount"
  )
  holders+=("$fd")
  pids+=($!)
  number=$((number + 1))
done

while read -r word; do
  [[ $word == freeze ]] || continue
  for fd in "${holders[@]}"; do echo freeze >&"$fd"; done
done
for fd in "${holders[@]}"; do exec {fd}>&-; done
for pid in "${pids[@]}"; do wait "$pid"; done
echo end
