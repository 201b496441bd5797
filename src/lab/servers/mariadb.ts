import type { Flavour } from './flavour.ts';
import { REDO_LOG_SIZE } from './redo-log-size.ts';

export const MARIADB: Flavour = {
  name: 'mariadb',
  title: 'MariaDB',
  daemon: 'mariadbd',
  binlogTool: 'mariadb-binlog',
  startOptions: ['--binlog-format=ROW', '--gtid-strict-mode=ON', `--innodb-log-file-size=${REDO_LOG_SIZE}`],
  tablesIn: () => [],
  withoutReplication: '--skip-slave-start',
  gtidQuestion: 'SELECT @@GLOBAL.gtid_binlog_pos AS gtid',
  async initialise(shell, programs, folder) {
    const script = programs.script('mariadb-install-db', folder);
    await shell.run([
      ...script.argv,
      '--no-defaults',
      `--datadir=${script.folder}`,
      // The only account that is there wherever the script runs.
      '--user=root',
      // Does without a host name that can be looked up.
      '--force',
      '--auth-root-authentication-method=socket',
      '--skip-test-db',
      `--innodb-log-file-size=${REDO_LOG_SIZE}`,
    ]);
    await shell.run(['chown', '-R', 'mysql:mysql', folder]);
  },
};
