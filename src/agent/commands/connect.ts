import { type AwsSettings, readParameter } from '../adapters/aws-settings.ts';
import { defaultSocket, readOptionFiles } from '../adapters/option-files.ts';
import { connectToServer } from '../adapters/server-session.ts';
import type { AgentOptions } from '../options/agent-options.ts';
import { connectionOptions, optionGroups } from '../options/connection-options.ts';
import type { ServerSession } from '../ports.ts';

/** Connects as the options, the option files and Parameter Store say, in that order of strength. */
export async function connect(options: AgentOptions, aws: AwsSettings): Promise<ServerSession> {
  const groups = optionGroups(options.defaultsGroupSuffix);
  const fromFiles = readOptionFiles(groups, options.defaultsFile, process.env['HOME']);
  const { passwordParameter } = options;
  const password = passwordParameter === undefined ? undefined : await readParameter(passwordParameter, aws);
  return connectToServer(connectionOptions(options, fromFiles, password, defaultSocket()));
}
