import { RunError } from '../../shared/errors.ts';
import { printable } from '../../shared/printable.ts';
import { disableCoreDumps } from '../adapters/core-dumps.ts';
import { defaultSocket } from '../adapters/default-socket.ts';
import type { AwsSettings } from '../adapters/identity.ts';
import { readLoginFile } from '../adapters/login-file.ts';
import { type ReadOptions, readOptionFiles } from '../adapters/option-files.ts';
import { readParameter } from '../adapters/parameter-store.ts';
import { processes } from '../adapters/processes.ts';
import { connectToServer } from '../adapters/server-session.ts';
import type { AgentOptions } from '../options/agent-options.ts';
import {
  type ConnectionOptions,
  connectionOptions,
  type MeantConnection,
  SAY_SOCKET,
} from '../options/connection-options.ts';
import { readForEach } from '../options/flavours.ts';
import type { ServerSession } from '../ports.ts';

/** The way to the server. */
export interface Connector {
  readonly connection: ConnectionOptions;
  connect(): Promise<ServerSession>;
}

/** For the commands that keep no log. */
export const warnOnStderr = (warning: string): void =>
  void process.stderr.write(`mysql-ebs-snapshot-agent: warning: ${printable(warning)}\n`);

/**
 * Reads the option files at once, so that a mistake in them is told before AWS is asked for anything, and gives the
 * way to connect: as the options, Parameter Store and the option files say, in that order of strength. Whoever passes
 * here may hold a password from now on, and leaves no core. `warn` hears of option files that are not believed.
 */
export async function connector(
  options: AgentOptions,
  warn: (warning: string) => void,
): Promise<(aws: AwsSettings) => Promise<Connector>> {
  await disableCoreDumps(processes);
  const environment = process.env;
  const warnings = new Set<string>();
  const believed = (read: ReadOptions) => {
    for (const warning of read.warnings) warnings.add(warning);
    return read.options;
  };
  const readings = readForEach(
    options.defaultsGroupSuffix,
    environment,
    (groups, mysqlHome) =>
      believed(readOptionFiles(groups, options.defaultsFile, { home: environment['HOME'], mysqlHome })),
    (groups) => believed(readLoginFile(groups, environment)),
  );
  warnings.forEach(warn);
  const resolve = (password?: string) => connectionOptions(options, readings, password, defaultSocket());
  const { passwordParameter } = options;
  // The password is not known yet, but where it may not be sent is.
  resolve(passwordParameter);
  return async (aws) => {
    const password = passwordParameter === undefined ? undefined : await readParameter(passwordParameter, aws);
    const connection = resolve(password);
    return { connection, connect: () => connectToMeant(connection) };
  };
}

/** Throws RunError `usage` where the server is of a flavour whose own programs would have met another one. */
async function connectToMeant(connection: MeantConnection): Promise<ServerSession> {
  const session = await connectToServer(connection);
  const { mariadbOnly, mysqlOnly } = connection;
  if (mariadbOnly === undefined && mysqlOnly === undefined) return session;
  try {
    const [row] = await session.ask(VERSION);
    const isMariadb = /mariadb/i.test(`${row?.['version']} ${row?.['comment']}`);
    const why = isMariadb ? mysqlOnly : mariadbOnly;
    if (why === undefined) return session;
    const flavour = isMariadb ? 'MariaDB' : 'MySQL';
    throw new RunError('usage', `the server at ${session.address} is a ${flavour}, but ${why}`, { hint: SAY_SOCKET });
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

const VERSION = { name: 'version', sql: 'SELECT @@version AS version, @@version_comment AS comment' };
