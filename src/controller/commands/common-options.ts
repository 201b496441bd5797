import type { Command } from 'commander';

/** What the commands' descriptions have in common. */

export const DOCUMENT_NAME = 'mysql-ebs-snapshot';

/** Of an option that may be repeated. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  mysql-ebs-snapshot ${line}`).join('\n')}\n`;

/** The options of the agent that are parameters of the document, but for `--tag`. */
export const withDocumentOptions = (command: Command): Command =>
  command
    .option('--level <level>', 'how the sets are taken: application, crash, auto (the document says more)')
    .option('--freeze <mode>', 'auto, or never: sync the file systems without freezing them')
    .option('--lock-timeout <seconds>', 'longest wait for the read lock')
    .option('--long-query-threshold <seconds>', 'do not ask for the lock while a statement has run this long')
    .option('--freeze-timeout <seconds>', 'thaw after this time whatever happens')
    .option('--stop-replica-sql', 'on a replica with parallel workers: stop its SQL thread for the lock')
    .option('--splay <seconds>', 'each host first waits a random time of at most this')
    .option('--password-parameter <name>', 'Parameter Store name of the database password');
