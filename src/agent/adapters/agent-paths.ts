import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import type { AgentPath } from '../plan/snapshot-plan.ts';
import { STATE_FOLDER } from '../state-paths.ts';

/** Where the SSM agent keeps its orchestration: while that is frozen it can neither cancel nor report. */
const SSM_ORCHESTRATION = '/var/lib/amazon';

/** Where the SDK's standard credential chain reads besides; often unset. */
const AWS_FILES = ['AWS_CONFIG_FILE', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];

/** Everything this process and its children may read or write while file systems are frozen, by its real path. */
export async function pathsOfThisProcess(logFile: string | undefined): Promise<readonly AgentPath[]> {
  const wanted: readonly (readonly [what: string, path: string | undefined])[] = [
    ['log file', logFile],
    ['TMPDIR', tmpdir()],
    ['working directory', workingDirectory()],
    ['agent', process.argv[1]],
    ['runtime', process.execPath],
    ['standard output', '/proc/self/fd/1'],
    ['standard error', '/proc/self/fd/2'],
    ['state folder', STATE_FOLDER],
    ['AWS credentials', process.env['AWS_SHARED_CREDENTIALS_FILE'] ?? `${process.env['HOME'] ?? '/root'}/.aws`],
    ...AWS_FILES.map((name) => [name, process.env[name]] as const),
    ['orchestration folder of the SSM agent', SSM_ORCHESTRATION],
  ];
  const found = await Promise.all(
    wanted.map(async ([what, path]) => ({ what, path: path === undefined ? undefined : await nearestRealPath(path) })),
  );
  return found.filter((each): each is AgentPath => each.path !== undefined);
}

/** Absent where somebody has deleted it under us: then nothing can be read or written there. */
function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** The real path of the file, or of the nearest folder above it that exists; a pipe or a terminal has none. */
async function nearestRealPath(path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    return real.startsWith('/proc/') || real.startsWith('/dev/') ? undefined : real;
  } catch {
    if (path.startsWith('/proc/')) return undefined;
    const above = dirname(path);
    return above === path ? undefined : nearestRealPath(above);
  }
}
