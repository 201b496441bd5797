import { disableCoreDumps } from '../adapters/core-dumps.ts';
import { defaultSocket } from '../adapters/default-socket.ts';
import type { AwsSettings } from '../adapters/identity.ts';
import { readOptionFiles } from '../adapters/option-files.ts';
import { readParameter } from '../adapters/parameter-store.ts';
import { processes } from '../adapters/processes.ts';
import { connectToServer } from '../adapters/server-session.ts';
import type { AgentOptions } from '../options/agent-options.ts';
import { type ConnectionOptions, connectionOptions, optionGroups } from '../options/connection-options.ts';
import type { ServerSession } from '../ports.ts';

/** The way to the server. */
export interface Connector {
  readonly connection: ConnectionOptions;
  connect(): Promise<ServerSession>;
}

/**
 * Reads the option files at once, so that a mistake in them is told before AWS is asked for anything, and gives the
 * way to connect: as the options, Parameter Store and the option files say, in that order of strength. Whoever passes
 * here may hold a password from now on, and leaves no core.
 */
export async function connector(options: AgentOptions): Promise<(aws: AwsSettings) => Promise<Connector>> {
  await disableCoreDumps(processes);
  const groups = optionGroups(options.defaultsGroupSuffix);
  const fromFiles = readOptionFiles(groups, options.defaultsFile, process.env['HOME']);
  const { passwordParameter } = options;
  return async (aws) => {
    const password = passwordParameter === undefined ? undefined : await readParameter(passwordParameter, aws);
    const connection = connectionOptions(options, fromFiles, password, defaultSocket());
    return { connection, connect: () => connectToServer(connection) };
  };
}
