export const HELP = `mysql-ebs-snapshot-agent: application-consistent EBS snapshots of the MySQL or MariaDB on this host

Usage:
  mysql-ebs-snapshot-agent snapshot [options]       take a set of snapshots of every volume under the server
  mysql-ebs-snapshot-agent plan [options]           say what snapshot would do, and everything that speaks against it
  mysql-ebs-snapshot-agent plan --capture FILE      the same for a captured host, anywhere
  mysql-ebs-snapshot-agent capture FILE [options]   write what plan sees of this host into FILE (no secrets)
  mysql-ebs-snapshot-agent thaw                     put right what a run that died has left frozen

The server (as MySQL's own programs: the usual option files, groups [client] and [mysql-ebs-snapshot];
with nothing said, root over the socket):
  --defaults-file FILE          read this option file only
  --defaults-group-suffix TEXT  read the groups with this suffix too
  --socket PATH, --user NAME    over the option files
  --password-parameter NAME     take the password from Parameter Store

The run:
  --level LEVEL                 application: commits wait for a moment, exact coordinates are recorded (default)
                                crash: nothing waits; only where recovery is proven to end at exact coordinates
                                auto: crash where that is proven, else application
  --freeze auto|never           never: lock and sync only (default auto: all but the root file system)
  --lock-timeout SECONDS        how long the lock may wait (default 3)
  --lock-tries N                how often it is asked for (default 3)
  --long-query-threshold SEC    refuse while a statement has run for this long or longer (default: --lock-timeout)
  --kill-long-queries-after SEC wait for such statements until they have run for this long, then kill them (KILL QUERY;
                                default: nothing is waited for, nothing killed)
  --freeze-timeout SECONDS      the freeze window, freeze and API call together, ends after this time (default 10)
  --stop-replica-sql            on a replica with parallel workers: stop its SQL thread before the lock and start it
                                after it, so that its place in the source's binary log is exact
  --splay SECONDS               wait a random time up to this first (default 0)
  --run-id ID                   name the run (default: made from the time)
  --tag Key=Value               add a tag to the snapshots (repeatable)
  --description TEXT            after the coordinates in the snapshots' description

Output: one line of JSON on stdout where that is no terminal; the readable log on stderr.
  --json                        the JSON line also on a terminal (of plan --capture: the whole plan)
  --log-file FILE               default /var/log/mysql-ebs-snapshot/mysql-ebs-snapshot.log
  --no-log-file

  --version, --help

Examples:
  mysql-ebs-snapshot-agent plan
  mysql-ebs-snapshot-agent snapshot --tag Purpose=nightly
  0 3 * * * root /usr/local/sbin/mysql-ebs-snapshot-agent snapshot --splay 300 >/dev/null

Exit status: 0 done, 1 a bug in this program, 2 usage, 10-29 refused (host untouched), 30-49 failed (everything
undone), 50-69 a person is needed first, 130 cancelled and undone.
`;
