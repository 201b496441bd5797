import type { Check } from './refusal.ts';

/** [MariaDB manual, InnoDB-Based Binary Log, 12.3]: `binlog-*.ibb` below binlog_directory, its place told by GTID alone. */
export const binlogInFiles: Check = ({ server: { binlogStorageEngine } }) =>
  binlogStorageEngine === ''
    ? []
    : [
        {
          code: 'server-unsupported',
          message: `binlog_storage_engine = ${binlogStorageEngine} is not supported: where the binary log ends is not told by file and position, and its files are in a folder of their own`,
          hint: 'Remove binlog_storage_engine from the option file and restart the server, or snapshot a replica that keeps its binary log in files.',
        },
      ];
