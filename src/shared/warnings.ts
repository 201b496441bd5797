/**
 * The one table of the agent's warnings: code -> meaning, hint. A warning stops nothing; its code stands in the
 * result's `warnings`, and its message, which names the value, in the log. The documentation comes from here.
 * A result of another version may hold codes that are not listed, so a reader of results takes any string.
 */
interface WarningEntry {
  /** What happened, and what that means for the set. */
  readonly meaning: string;
  /** What the operator does about it. */
  readonly hint: string;
}

const table = {
  'server-newer': {
    meaning:
      'the server is of a later version than any that the agent was tried with; where it keeps files that the agent does not ask for, they are not in the set',
    hint: 'Run a restore drill of a set of this version, and see whether a later version of the agent knows the server.',
  },
  'clock-off': {
    meaning:
      "the host's clock differs from AWS's by a minute or more; the times in the set's name, tags and log are those of the host",
    hint: 'Synchronize the clock of the host (`chronyc tracking` shows its state).',
  },
  'not-frozen': {
    meaning:
      'a file system under the server was synced under the lock but not frozen (one that holds the root file system or is on the boot volume, or every one with `--freeze never`); its copy in the set is replayed from its journal when it is mounted',
    hint: 'No action is needed.',
  },
  'degraded-mirror': {
    meaning: 'a mirror under the server has lost a member; the data in the set is complete',
    hint: 'Repair the array.',
  },
  'key-not-in-set': {
    meaning:
      "the keys of the server's encryption, or of an encrypted device (LUKS) under it, are not in the set, which cannot be restored without them; nor is a LUKS header that lies elsewhere",
    hint: 'Back the keys (and such a header) up separately.',
  },
  'planned-anew': {
    meaning:
      'files, mounts or devices of the server changed between the plan and the lock, before any commit waited; the run made a new plan and took the set by it',
    hint: 'No action is needed.',
  },
  'no-binary-log': {
    meaning: 'the binary log is off, so the set has no coordinates of its own',
    hint: 'Enable the binary log (log_bin) to recover from the set to a point in time.',
  },
  'ddl-not-atomic': {
    meaning:
      'at level crash, before MySQL 8.0 and MariaDB 10.4, a DDL or account statement that runs when the set is taken may be in the set in part',
    hint: 'Run no such statement at that time, or use --level application.',
  },
  'source-position-inexact': {
    meaning:
      "a replica applies with parallel workers and without GTID; the set records a low-water mark as its position in the source's binary log",
    hint: 'Use GTID auto-positioning on the channel, or --stop-replica-sql.',
  },
  'replica-may-stop': {
    meaning:
      'a MySQL replica applies with parallel workers that keep the order of commits; while a change to a table that is not transactional is applied, the read lock can stop it with error 3030, and the account cannot see whether there is such a table',
    hint: 'GRANT SHOW VIEW ON *.* to the account, or use --stop-replica-sql.',
  },
  'replica-temporary-tables': {
    meaning:
      'the source logs statements, and some have made temporary tables on this replica that are still open; they are not in the set, so a replica made of it stops at the next statement that uses one',
    hint: 'Take the set when no temporary table is open, or set binlog_format = ROW on the source.',
  },
  'option-file-skipped': {
    meaning:
      "an option file is world-writable, or a login file (~/.mylogin.cnf) is open to other accounts, and was skipped, as the servers' own programs skip it",
    hint: 'Run chmod o-w on the option file, chmod 600 on the login file.',
  },
  'left-frozen': {
    meaning: 'an earlier run died and left a file system frozen; this run thawed it before anything else',
    hint: 'See the log of the earlier run.',
  },
  'left-stopped': {
    meaning:
      'an earlier run with --stop-replica-sql died and left SQL threads stopped; this run started them before anything else',
    hint: 'See the log of the earlier run.',
  },
  'guard-without-unit': {
    meaning:
      "systemd did not give the guard a unit of its own, so a kill of the agent's whole cgroup would have ended the guard too; the set is not affected",
    hint: 'The log has the reason that systemd gave.',
  },
  'statement-killed': {
    meaning: '--kill-long-queries-after ended a statement so that the lock could be taken; the set is not affected',
    hint: 'Inform the owner of the statement, which the log names.',
  },
  'grade-unwritten': {
    meaning: 'the set is broken, but its grade tag could not be changed and still says `unproven`',
    hint: 'Do not use the set. Allow ec2:CreateTags on the grade tag (iam/host.json).',
  },
} as const satisfies Record<string, WarningEntry>;

export type WarningCode = keyof typeof table;
export const WARNINGS: Readonly<Record<WarningCode, WarningEntry>> = table;
