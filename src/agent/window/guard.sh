# shellcheck shell=bash
# The guard: owns the freeze of every file system of one run, for its whole life.
#
#   bash --norc --noprofile -c GUARD guard DEADLINE_SECONDS RUN_LOCK RECORD MAJOR:MINOR/MOUNT...
#
# RUN_LOCK is the file whose flock is the run lock: the agent holds it shared, and so does every process of the guard,
# so that no other run begins before the last of them has ended.
# RECORD.N is a file under /run for mount N, "MAJOR:MINOR MOUNT". It is there only while that file system may be frozen
# by us: what `thaw` puts right after a crash, and nothing else.
# MAJOR:MINOR is the device of the file system, as mountinfo writes it; without it (by hand) any is taken. Each mount is
# opened once, before "waiting": what is frozen and thawed is what that descriptor leads to, whatever lies under the path
# by then. A descriptor makes umount(8) fail, but not a lazy one.
#
# stdin:  "freeze" freezes all mounts at once; "thaw" and end-of-file end the window. If the agent is killed, the kernel
#         closes its end: end-of-file alone thaws as well. Nothing else freezes.
# stdout: for each mount, by number: "waiting N" (opened, forked and warm) or "changed N MAJOR:MINOR" (another file system
#         than planned is mounted there); then "frozen N", "busy N" (frozen by somebody else), "refused N REASON" or
#         "unclear N REASON" (it may be frozen); then "thawed N", "gone N" (it was not frozen any more) or "stuck N
#         REASON". "unbidden N" comes before, where it was not "thaw" that ended the window but the deadline, or a death.
#         The end of the stream is the end of the last process, the programs that it started included.
#
# Each mount has a holder (freezes) and a thawer (thaws), both forked before the lock is taken: between freeze and
# thaw the thawer forks nothing, it at most execs. The thawer is armed before the freeze is asked for, and thaws at
# end-of-file or at the deadline, whichever comes first, even when everybody above it is dead. No command that fails
# leads on to the freeze, or past the record: test/unit/agent/window/guard-protocol.test.ts has the protocol as a model,
# test/integration/agent/guard-commands.test.ts this script with each of its commands failing in turn.
set -u
# A shell ends its `read` after that many seconds (bash(1)).
unset TMOUT
trap '' HUP INT TERM PIPE
export LC_ALL=C
umask 077
echo -1000 2>/dev/null >/proc/self/oom_score_adj

deadline=$1
run_lock=$2
record=$3
shift 3

# The status of a thawer that has not been armed: it has thawed nothing.
unarmed=100

# Inherited by whatever is started here, so that neither ends before it: the lock, and the stream of reports.
exec {lock}<"$run_lock" && flock --shared --nonblock "$lock" || exit
# shellcheck disable=SC2034 # only inherited: nothing writes to it by its number
exec {stream}>&1 || exit

# Of a thaw, to an agent that may have been killed: what comes after the report must not depend on its being heard.
report() {
  echo "$@" || :
}

# Prints the device that a descriptor leads to, as mountinfo writes it: st_dev, in glibc's order of bits.
device_of() { # DESCRIPTOR
  local number
  number=$(stat --dereference --format=%d "/proc/self/fd/$1") || return
  echo "$((number >> 8 & 0xfff | number >> 32 & 0xfffff000)):$((number & 0xff | number >> 12 & 0xffffff00))"
}

# A freeze that was refused is not ours to thaw; one whose outcome is not known may have happened all the same.
freeze() { # NUMBER DESCRIPTOR MOUNT; sets $verdict
  local reason status
  reason=$(fsfreeze --freeze "/proc/self/fd/$2" 2>&1)
  status=$?
  reason=${reason//"/proc/self/fd/$2"/"$3"}
  case $status:$reason in
    0:*) verdict="frozen $1" ;;
    1:*': freeze failed: Device or resource busy') verdict="busy $1" ;;
    1:*': freeze failed: '* | 1:*'is not a directory' | 126:* | 127:*) verdict="refused $1 $reason" ;;
    *) verdict="unclear $1 $reason" ;;
  esac
}

thawer() { # NUMBER DESCRIPTOR; stdin: "armed", then "thaw"; "disarm" at any time; end-of-file is the holder's death
  local word=''
  read -r word
  [[ $word == armed || $word == disarm ]] || report "unbidden $1"
  [[ $word == armed ]] || exit "$unarmed"
  word=''
  read -r -t "$deadline" word
  [[ $word == disarm ]] && exit "$unarmed"
  [[ $word == thaw ]] || report "unbidden $1"
  exec fsfreeze --unfreeze "/proc/self/fd/$2" 2>/dev/null
}

# After a thawer that failed: it was killed, or it came while the kernel was still freezing (a stalled device), when
# there was nothing to thaw yet.
thaw_again() { # NUMBER DESCRIPTOR
  local reason
  reason=$(fsfreeze --unfreeze "/proc/self/fd/$2" 2>&1)
  case $?:$reason in
    0:*) report "thawed $1" ;;
    *': unfreeze failed: Invalid argument') report "gone $1" ;;
    *) report "stuck $1 $reason" && return 1 ;;
  esac
}

# Nothing is frozen by us. What another program has frozen is thawed neither by the thawer nor, should all of us die here,
# by its record: so both come first, and start no child. An empty record stands for nothing.
decline() { # VERDICT; uses $thaw and $record of the holder
  echo disarm >&"$thaw"
  : >"$record"
  report "$1"
  rm -f -- "$record"
}

holder() { # NUMBER MAJOR:MINOR/MOUNT; stdin: "freeze", then "thaw" or end-of-file
  local word='' thaw='' thawer_pid verdict mount='' found=''
  local path=$2 planned='' record="$record.$1"
  if [[ $2 =~ ^[0-9]+:[0-9]+/ ]]; then
    path=/${2#*/}
    planned=${2%%/*}
  fi
  if ! exec {mount}<"$path" || ! found=$(device_of "$mount"); then
    report "refused $1 $path cannot be opened"
    return
  fi
  if [[ $found != "${planned:-$found}" ]]; then
    report "changed $1 $found"
    return
  fi
  if ! exec {thaw}> >(thawer "$1" "$mount"); then
    report "refused $1 its thawer could not be started"
    return
  fi
  thawer_pid=$!
  report "waiting $1"
  if ! read -r word || [[ $word != freeze ]]; then
    echo disarm >&"$thaw"
    return
  fi
  if ! printf '%s %s' "$found" "$path" >"$record"; then
    decline "refused $1 no record could be made in $record"
    return
  fi
  if ! echo armed >&"$thaw"; then
    decline "refused $1 its thawer has ended"
    return
  fi
  freeze "$1" "$mount" "$path"
  if [[ $verdict == busy* || $verdict == refused* ]]; then
    decline "$verdict"
    return
  fi
  report "$verdict"
  word=''
  read -r -t "$deadline" word
  [[ $word == thaw ]] && echo thaw >&"$thaw"
  exec {thaw}>&-
  if wait "$thawer_pid"; then report "thawed $1"; else thaw_again "$1" "$mount"; fi && rm -f -- "$record"
}

holders=()
for mount in "$@"; do
  exec {fd}> >(
    for earlier in ${holders[@]+"${holders[@]}"}; do exec {earlier}>&-; done
    holder "${#holders[@]}" "$mount"
  ) || exit
  holders+=("$fd")
done

while read -r word; do
  for fd in "${holders[@]}"; do echo "$word" >&"$fd"; done
done
