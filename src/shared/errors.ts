/**
 * The one table of errors: code -> exit status, meaning, hint. The documentation and the exit statuses
 * come from here, and nothing in the project ends with a code that is not listed.
 *
 * Exit statuses: 1 a bug, 2 usage, 10-29 refused (host untouched), 30-49 failed (everything undone),
 * 50-69 undo incomplete or outcome unknown, 130 cancelled and undone.
 * Codes share a status where a script does the same about them: what is under way and passes by itself is 11, what the
 * server has to be changed for is 18; what is wrong with the storage below it is 21.
 * The lab is a program of its own: its codes may share a status with one that only the others end with.
 * Never 137, 168, 169, 194: Systems Manager gives those a meaning of its own.
 */
interface ErrorEntry {
  readonly exit: number;
  /** What happened, in general; the message of a RunError says what happened here. */
  readonly meaning: string;
  /** What a person does next. A RunError may give a better one. */
  readonly hint: string;
}

const table = {
  bug: {
    exit: 1,
    meaning: 'an error that this program did not foresee',
    hint: 'Please report it with the log file and the output of `mysql-ebs-snapshot-agent capture FILE`.',
  },
  usage: { exit: 2, meaning: 'the command line or a parameter is not valid', hint: 'See --help.' },

  'host-unfit': {
    exit: 10,
    meaning: 'the host lacks something that the agent needs (root, Linux, fsfreeze, flock, bash)',
    hint: 'Run as root on Linux with util-linux, coreutils and bash installed.',
  },
  'run-id-used': {
    exit: 2,
    meaning: 'there is a set of this run id and instance already',
    hint: 'Give every run an id of its own, or leave --run-id out.',
  },
  'run-in-progress': {
    exit: 11,
    meaning: 'another run holds the run lock of this host',
    hint: 'Wait for it to end; `fuser -v /run/mysql-ebs-snapshot/run.lock` names it.',
  },
  'other-backup': {
    exit: 11,
    meaning: 'another backup holds a lock of the server, or something else that keeps backups out does',
    hint: 'Run again when it has ended.',
  },
  'snapshots-pending': {
    exit: 11,
    meaning: 'a volume has as many pending snapshots as EC2 allows of one volume at a time',
    hint: 'Run again when they have completed.',
  },
  'no-identity': {
    exit: 12,
    meaning: 'the instance id or the Region could not be learned',
    hint: 'Check that the instance metadata service (IMDSv2) is enabled and its hop limit lets this host through.',
  },
  'no-credentials': {
    exit: 13,
    meaning: 'no AWS credentials, or expired ones',
    hint: 'Attach an instance profile with the IAM policy of the README, or configure the standard chain (AWS_PROFILE …).',
  },
  'no-permission': {
    exit: 14,
    meaning: 'AWS denies an action that the run needs',
    hint: 'Add the action to the role; the least policy is in the README.',
  },
  'aws-unreachable': {
    exit: 15,
    meaning: 'an AWS endpoint did not answer, or answered with an error, before anything was touched',
    hint: 'Check the route, DNS and the VPC endpoints for EC2, SSM and STS.',
  },
  'server-unreachable': {
    exit: 16,
    meaning: 'the database server did not accept a connection',
    hint: 'Check that it runs, and the socket or host in the option file (--defaults-file, --socket).',
  },
  'server-denied': {
    exit: 17,
    meaning: 'the database server refused the user, the password or a statement that the run needs',
    hint: 'Check the [mysql-ebs-snapshot] section of the option file and the GRANTs of the README.',
  },
  'server-untrusted': {
    exit: 17,
    meaning: 'another account of this host may be at the other end of the connection, so no password is sent there',
    hint: 'Give the socket of the server in a folder that only root and the server may write.',
  },
  'server-unsupported': {
    exit: 18,
    meaning: 'the server is of a version, in a state or with an engine that cannot be snapshotted truthfully',
    hint: 'See the message; the README lists what is supported.',
  },
  'crash-not-provable': {
    exit: 18,
    meaning: 'level crash was asked for, and crash recovery of this server is not proven to be exact',
    hint: 'See the message; or use --level application (auto chooses).',
  },
  'files-unresolved': {
    exit: 19,
    meaning: 'a file or folder of the server is not to be found on this host',
    hint: 'Run the agent on the host (and in the mount namespace) where the server keeps its files.',
  },
  'volume-unresolved': {
    exit: 20,
    meaning: 'a block device under the server does not resolve to exactly one attached EBS volume',
    hint: 'Compare `lsblk -o NAME,SERIAL,SIZE` with the volumes attached to the instance.',
  },
  'storage-unfit': {
    exit: 21,
    meaning:
      'the storage under the server cannot be snapshotted truthfully (file system, instance store, incomplete array)',
    hint: 'See the message; the README lists the stacks that are supported.',
  },
  'file-system-stuck': {
    exit: 21,
    meaning: 'a file system of the server takes no writes: it is frozen by another program, or its device stalls',
    hint: 'Thaw it if the program that froze it has gone (`fsfreeze --unfreeze MOUNT`), or look at the device below (dmesg).',
  },
  'set-too-large': {
    exit: 22,
    meaning: 'the set does not fit the limits of CreateSnapshots (40 exclusions, 50 tags a volume)',
    hint: 'Detach volumes, or remove tags, until the set fits.',
  },
  'datadir-unfit': {
    exit: 23,
    meaning: 'the data directory is owned by root, or has no room for the manifest',
    hint: 'The data directory must belong to the account that runs the server and have 1 MiB free.',
  },
  'agent-on-frozen-mount': {
    exit: 24,
    meaning: 'something the agent needs while file systems are frozen lies on one of them',
    hint: 'Move it to another file system (--log-file, TMPDIR, the installation, the working directory), or use --freeze never.',
  },
  'long-statement': {
    exit: 25,
    meaning: 'a statement runs that would make the lock wait, and everybody else behind it',
    hint: 'Run again when it has ended, raise --long-query-threshold with --lock-timeout, or use --kill-long-queries-after.',
  },
  'capture-invalid': {
    exit: 26,
    meaning: 'the capture is not a capture of this program, or is incomplete',
    hint: 'Take a new one with `mysql-ebs-snapshot-agent capture FILE`.',
  },

  'lock-timeout': {
    exit: 30,
    meaning: 'the read lock was not granted in time; the server has been unlocked',
    hint: 'Find the blocker in SHOW PROCESSLIST; try at a quieter hour or raise --lock-timeout.',
  },
  'redo-not-durable': {
    exit: 31,
    meaning: 'the redo log could not be proven durable under the lock',
    hint: 'See whether the device below the redo log stalls (dmesg); innodb_flush_log_at_trx_commit = 0 waits for the background flush: set it to 1.',
  },
  'write-failed': {
    exit: 32,
    meaning: 'binlog_info.txt or the manifest could not be written in time',
    hint: "Check room, quota and permissions of the data directory for the server's own account.",
  },
  'freeze-failed': {
    exit: 33,
    meaning: 'a file system could not be frozen; all have been thawed',
    hint: 'If somebody else has frozen it, it is theirs to thaw; otherwise see the kernel log.',
  },
  'create-refused': {
    exit: 34,
    meaning: 'EC2 refused to take the set; nothing was taken',
    hint: 'See the message; limits on pending snapshots pass by themselves.',
  },
  'connection-lost': {
    exit: 35,
    meaning: 'the connection that held the read lock was lost',
    hint: 'See whether somebody killed it or the server was restarted. A set taken meanwhile is graded broken.',
  },
  'set-broken': {
    exit: 36,
    meaning: 'a set was taken but a promise of the run was not kept; it is graded broken',
    hint: 'Do not restore from it for point-in-time recovery; take another.',
  },
  'grade-unwritten': {
    exit: 37,
    meaning: 'the set is whole and proven, but its grade could not be raised',
    hint: 'Allow ec2:CreateTags on the grade tag (README); until then the set counts as unproven.',
  },

  'lock-refused': {
    exit: 39,
    meaning: 'the server refused a statement of the read lock; it has been unlocked',
    hint: 'See the message; another backup on the same server may be in the way.',
  },
  'coordinates-unreadable': {
    exit: 38,
    meaning: 'the binary log is on, but the server does not tell where it ends, or tells what cannot be true',
    hint: 'See what SHOW MASTER STATUS (SHOW BINARY LOG STATUS) answers the account; its GRANTs are in the README.',
  },

  'thaw-failed': {
    exit: 50,
    meaning: 'a file system may still be frozen; the guard stays armed',
    hint: 'Run `mysql-ebs-snapshot-agent thaw` (or `fsfreeze -u MOUNT`) and look at the device below.',
  },
  'freeze-unknown': {
    exit: 51,
    meaning: 'a freeze did not answer in time; the server is unlocked and the guard stays armed',
    hint: 'The device below may be stalled: look at the kernel log, then run `mysql-ebs-snapshot-agent thaw`.',
  },
  'outcome-unknown': {
    exit: 52,
    meaning: 'it could not be learned whether EC2 took the set',
    hint: "Look for the set's tag with DescribeSnapshots; what arrives late stays graded unproven.",
  },

  'applier-stopped': {
    exit: 55,
    meaning: "a replica's SQL thread was stopped for the set and could not be started again",
    hint: 'Start it: START REPLICA SQL_THREAD (MariaDB, MySQL before 8.0.22: START SLAVE SQL_THREAD).',
  },

  'schedule-in-part': {
    exit: 56,
    meaning: 'some associations of a schedule are made, changed or deleted, and others are not',
    hint: 'See `mysql-ebs-snapshot schedule list`, and set right what is there.',
  },

  'lab-unswept': {
    exit: 53,
    meaning: 'something of the lab (a process, a mount, a loop device) could not be taken away',
    hint: 'End what uses it (`fuser -vm` names it), then run `mysql-ebs-snapshot-lab down`.',
  },
  'host-unsafe': {
    exit: 54,
    meaning: 'at least one targeted host needs a person: it may be frozen, or a set may exist that nobody knows of',
    hint: 'The table and --json say which, and what to do there first.',
  },

  stale: {
    exit: 45,
    meaning: 'a host, or a cluster, has no good set that is young enough',
    hint: 'The table and --json say which; see why its runs fail, or raise --max-age.',
  },
  'plan-changed': {
    exit: 47,
    meaning: 'what the plan rests on (files, mounts, devices) changed between the plan and the lock, twice',
    hint: 'Run again when the change that the message names has ended.',
  },
  'prune-incomplete': {
    exit: 44,
    meaning: 'not every set that was to be deleted could be; what was deleted by half is finished by the next `prune`',
    hint: 'The table and --json say which, and why; mend that, then run again.',
  },
  'member-failed': {
    exit: 46,
    meaning: 'a set was taken, but EBS could not complete a member, or EC2 does not have it whole: it is worth nothing',
    hint: 'Take another; the older sets of the host are untouched.',
  },
  'host-missing': {
    exit: 40,
    meaning:
      'a targeted host was not reached, or did not report a result; nothing was begun there that has to be undone',
    hint: 'Check that the instance is running and managed by Systems Manager.',
  },
  'host-failed': {
    exit: 41,
    meaning: 'at least one targeted host failed; on those that are not done everything is undone',
    hint: 'The table and --json say which, and why.',
  },
  'document-invalid': {
    exit: 27,
    meaning: 'the Command document is missing, or is not what this program would install',
    hint: 'Run `mysql-ebs-snapshot documents install`.',
  },
  'no-such-set': {
    exit: 28,
    meaning: 'there is no set of that name in this account and Region',
    hint: 'See `mysql-ebs-snapshot list`; check --region and --profile.',
  },
  'no-such-schedule': {
    exit: 28,
    meaning: 'there is no schedule of that name in this account and Region',
    hint: 'See `mysql-ebs-snapshot schedule list`; check --region, --profile and --document-name.',
  },
  'no-target': {
    exit: 28,
    meaning: 'no host was targeted',
    hint: 'Check --instance-ids or --target tag:Key=Value against the running, managed instances.',
  },
  'host-refused': {
    exit: 29,
    meaning: 'every targeted host that is not done refused, untouched',
    hint: 'The table and --json say which, and why.',
  },
  'lab-unfit': {
    exit: 29,
    meaning: 'this machine cannot carry the lab',
    hint: 'The lab needs root, loop devices, XFS and btrfs; scripts/rehearse and scripts/soak install the packages.',
  },
  'rehearsal-failed': {
    exit: 42,
    meaning: 'the rehearsal did not prove what it set out to prove',
    hint: 'The lines above the result say which promise was not kept.',
  },
  'soak-failed': {
    exit: 43,
    meaning: 'the soak did not show that a host survives every kill unhurt',
    hint: 'The lines above the result say which kill, and what it left; --seed draws the same kills again.',
  },

  cancelled: { exit: 130, meaning: 'cancelled, and everything undone', hint: 'Nothing is left to do.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof table;
export const ERRORS: Readonly<Record<ErrorCode, ErrorEntry>> = table;

/** An ending that the table knows. `message` names the wrong value; `hint` says what to do about it. */
export class RunError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RunError';
    this.code = code;
    this.hint = options.hint ?? ERRORS[code].hint;
  }

  get exit(): number {
    return ERRORS[this.code].exit;
  }
}

/** What was thrown, in words. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/**
 * The one RunError that stands for whatever was thrown. A failed disposal arrives as a SuppressedError
 * (the bundler's own on Node 20), which hides two errors: the one that leaves more for a person to do wins.
 */
export function toRunError(thrown: unknown): RunError {
  if (thrown instanceof RunError) return thrown;
  if (isSuppressed(thrown)) {
    const [undoing, original] = [toRunError(thrown.error), toRunError(thrown.suppressed)];
    return severityRank(undoing) >= severityRank(original) ? undoing : original;
  }
  return new RunError('bug', messageOf(thrown), { cause: thrown });
}

const isSuppressed = (thrown: unknown): thrown is Error & { error: unknown; suppressed: unknown } =>
  thrown instanceof Error && 'error' in thrown && 'suppressed' in thrown;

/** What keeps a host from writing before all else; unsafe before a bug, a bug before a failure, a failure before a refusal. */
function severityRank(error: RunError): number {
  if (error.code === 'thaw-failed' || error.code === 'freeze-unknown') return 4;
  if (error.exit >= 50 && error.exit < 70) return 3;
  if (error.code === 'bug') return 2;
  return error.exit >= 30 && error.exit < 50 ? 1 : 0;
}
