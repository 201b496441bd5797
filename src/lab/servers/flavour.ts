import type { Shell } from '../machine/shell.ts';
import type { ServerPrograms } from './server-programs.ts';

/** In what MySQL and MariaDB differ for a lab. */
export interface Flavour {
  readonly name: 'mariadb' | 'mysql';
  /** Its name for people. */
  readonly title: string;
  readonly daemon: string;
  /** Turns a binary log into text. Both take the same arguments. */
  readonly binlogTool: string;
  /** How a server is started beyond what is the same for both: row events, GTIDs, and a small redo log. */
  readonly startOptions: readonly string[];
  /** Start options: tables may be created in a folder outside the data directory. */
  tablesIn(folder: string): readonly string[];
  /** Start option: a server that was a replica does not go on replicating. */
  readonly withoutReplication: string;
  /** Answers one row with `gtid`, the GTIDs that stand in the server's own binary log or did; may hold line breaks. */
  readonly gtidQuestion: string;
  /** The file in the data directory by which a clone would pass for its original, where the flavour has one. */
  readonly identityFile?: string;
  /**
   * Makes a data directory in an empty folder of the account `mysql`, where root enters over the socket without a
   * password. Throws RunError `lab-unfit`.
   */
  initialise(shell: Shell, programs: ServerPrograms, folder: string): Promise<void>;
}
