import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Flavour } from './flavour.ts';
import { REDO_LOG_SIZE } from './redo-log-size.ts';

const AUTO_CNF = 'auto.cnf';

/** Else it looks for a folder that only its package makes, and does not start without it. */
const NO_FILE_FOLDER = '--secure-file-priv=';

const REDO_LOG = `--innodb-redo-log-capacity=${REDO_LOG_SIZE}`;

export const MYSQL: Flavour = {
  name: 'mysql',
  title: 'MySQL',
  daemon: 'mysqld',
  binlogTool: 'mysqlbinlog',
  startOptions: [
    NO_FILE_FOLDER,
    '--gtid-mode=ON',
    '--enforce-gtid-consistency=ON',
    // A socket of its own, in a place of the machine's.
    '--mysqlx=OFF',
    REDO_LOG,
  ],
  tablesIn: (folder) => [`--innodb-directories=${folder}`],
  withoutReplication: '--skip-replica-start',
  gtidQuestion: 'SELECT @@GLOBAL.gtid_executed AS gtid',
  identityFile: AUTO_CNF,
  async initialise(shell, programs, folder) {
    await shell.run([
      ...programs.daemon('mysqld'),
      '--no-defaults',
      ...programs.folderOptions,
      '--initialize-insecure',
      '--user=mysql',
      `--datadir=${folder}`,
      NO_FILE_FOLDER,
      REDO_LOG,
    ]);
    // Every server that is started on a copy gives itself a UUID.
    await rm(join(folder, AUTO_CNF));
  },
};
