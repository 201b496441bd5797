# shellcheck shell=bash
# The guard: owns the freeze of every file system of one run, for its whole life.
#
#   bash -c GUARD guard DEADLINE_SECONDS RUN_LOCK RECORD MOUNT...
#
# RUN_LOCK is the file whose flock is the run lock: the agent holds it shared, and so does every process of the guard,
# so that no other run begins before the last of them has ended.
# RECORD.N is a file under /run for mount N. It is there only while that mount may be frozen by us: what `thaw` puts
# right after a crash, and nothing else.
#
# stdin:  "freeze" freezes all mounts at once; "thaw" and end-of-file end the window. If the agent is killed, the kernel
#         closes its end: end-of-file alone thaws as well.
# stdout: for each mount, by number: "waiting N" (forked and warm); then "frozen N", "busy N" (frozen by somebody
#         else), "refused N REASON" or "unclear N REASON" (it may be frozen); then "thawed N", "gone N" (it was not
#         frozen any more) or "stuck N REASON". "unbidden N" comes before, where it was not "thaw" that ended the
#         window but the deadline, or a death. The end of the stream is the end of the last process, the programs that
#         it started included.
#
# Each mount has a holder (freezes) and a thawer (thaws), both forked before the lock is taken: between freeze and
# thaw the thawer forks nothing, it at most execs. The thawer is armed before the freeze is asked for, and thaws at
# end-of-file or at the deadline, whichever comes first, even when everybody above it is dead.
set -u
trap '' HUP INT TERM PIPE
export LC_ALL=C
umask 077
echo -1000 2>/dev/null >/proc/self/oom_score_adj

deadline=$1
run_lock=$2
record=$3
shift 3

# Inherited by whatever is started here, so that neither ends before it: the lock, and the stream of reports.
exec {lock}<"$run_lock" && flock --shared --nonblock "$lock" || exit
# shellcheck disable=SC2034 # only inherited: nothing writes to it by its number
exec {stream}>&1

# Of a thaw, to an agent that may have been killed: what comes after the report must not depend on its being heard.
report() {
  echo "$@" || :
}

# A freeze that was refused is not ours to thaw; one that was killed may have happened all the same.
freeze() { # NUMBER MOUNT; sets $verdict
  local reason
  reason=$(fsfreeze --freeze "$2" 2>&1)
  case $?:$reason in
    0:*) verdict="frozen $1" ;;
    *'Device or resource busy'*) verdict="busy $1" ;;
    1:* | 126:* | 127:*) verdict="refused $1 $reason" ;;
    *) verdict="unclear $1 $reason" ;;
  esac
}

thawer() { # NUMBER MOUNT; stdin: "armed", then "thaw"; "disarm" at any time; end-of-file is the holder's death
  local word=''
  read -r word
  [[ $word == disarm ]] && exit 0
  [[ $word == armed ]] || { report "unbidden $1" && exit; }
  word=''
  read -r -t "$deadline" word
  [[ $word == disarm ]] && exit 0
  [[ $word == thaw ]] || report "unbidden $1"
  exec fsfreeze --unfreeze "$2" 2>/dev/null
}

# After a thawer that failed: it was killed, or it came while the kernel was still freezing (a stalled device), when
# there was nothing to thaw yet.
thaw_again() { # NUMBER MOUNT
  local reason
  reason=$(fsfreeze --unfreeze "$2" 2>&1)
  case $?:$reason in
    0:*) report "thawed $1" ;;
    *'Invalid argument'*) report "gone $1" ;;
    *) report "stuck $1 $reason" && return 1 ;;
  esac
}

holder() { # NUMBER MOUNT; stdin: "freeze", then "thaw" or end-of-file
  local word thaw thawer_pid verdict
  local record="$record.$1"
  exec {thaw}> >(thawer "$1" "$2")
  thawer_pid=$!
  echo "waiting $1"
  read -r word || { echo disarm >&"$thaw" && return; }
  if ! printf '%s' "$2" >"$record"; then
    echo "refused $1 no record could be made in $record"
    echo disarm >&"$thaw"
    return
  fi
  echo armed >&"$thaw"
  freeze "$1" "$2"
  echo "$verdict"
  case $verdict in
    busy* | refused*)
      echo disarm >&"$thaw"
      rm -f -- "$record"
      return
      ;;
  esac
  word=''
  read -r -t "$deadline" word
  [[ $word == thaw ]] && echo thaw >&"$thaw"
  exec {thaw}>&-
  if wait "$thawer_pid"; then report "thawed $1"; else thaw_again "$1" "$2"; fi && rm -f -- "$record"
}

holders=()
for mount in "$@"; do
  exec {fd}> >(
    for earlier in ${holders[@]+"${holders[@]}"}; do exec {earlier}>&-; done
    holder "${#holders[@]}" "$mount"
  )
  holders+=("$fd")
done

while read -r word; do
  for fd in "${holders[@]}"; do echo "$word" >&"$fd"; done
done
