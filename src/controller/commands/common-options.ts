import type { Command, OptionValues } from '@commander-js/extra-typings';

/** What the declarations of several commands have in common. */

/** The options that every command takes. */
export const withGlobalOptions = (program: Command) =>
  program
    .option('--profile <name>', 'profile of the AWS configuration files')
    .option('--region <region>', 'AWS Region')
    .option('--json', 'one object of JSON as the last line of stdout, instead of text');

/** What a command is added to. */
export type Program = ReturnType<typeof withGlobalOptions>;
export type GlobalOptions = ReturnType<Program['opts']>;

/** A noun whose verbs are commands, like `documents install`. */
export const commandGroup = (program: Program, noun: string, description: string) =>
  program.command(noun).description(description);
export type CommandGroup = ReturnType<typeof commandGroup>;

export const DOCUMENT_NAME = 'mysql-ebs-snapshot';

/** Descriptions of `--instance-ids` and `--target`, which may be repeated. */
export const INSTANCES_BY_ID = 'instances by id, separated by commas; @FILE, or - for stdin (repeatable)';
export const ONLY_INSTANCES = 'only sets of these instances, separated by commas; @FILE, or - for stdin (repeatable)';
export const INSTANCES_BY_TAG = 'instances by tag (repeatable: the same key widens, another key narrows)';

/** The parser of an option that may be repeated. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  mysql-ebs-snapshot ${line}`).join('\n')}\n`;

/** The options of the agent that are parameters of the document, but for `--tag`. */
export const withDocumentOptions = <
  Arguments extends unknown[],
  Options extends OptionValues,
  Globals extends OptionValues,
>(
  command: Command<Arguments, Options, Globals>,
) =>
  command
    .option('--level <level>', 'how the sets are taken: application, crash, auto (the document says more)')
    .option('--freeze <mode>', 'auto, or never: sync the file systems without freezing them')
    .option('--lock-timeout <seconds>', 'longest wait for the read lock')
    .option('--long-query-threshold <seconds>', 'do not ask for the lock while a statement has run this long')
    .option('--freeze-timeout <seconds>', 'thaw after this time whatever happens')
    .option('--stop-replica-sql', 'on a replica with parallel workers: stop its SQL thread for the lock')
    .option('--splay <seconds>', 'each host first waits a random time of at most this')
    .option('--password-parameter <name>', 'Parameter Store name of the database password')
    .option(
      '--server-group <name>',
      "which of several servers of a host: the suffix of its groups in the host's option files, like _b",
    );
