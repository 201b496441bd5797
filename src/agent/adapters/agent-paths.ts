import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { pathsBelow } from '../discovery/paths-below.ts';
import type { AgentPath } from '../plan/snapshot-plan.ts';
import { STATE_FOLDER } from '../state-paths.ts';
import { hostReader } from './host-reader.ts';

/** Where the SSM agent keeps its orchestration: while that is frozen it can neither cancel nor report. */
const SSM_ORCHESTRATION = '/var/lib/amazon';

/** Where the SDK's standard credential chain reads besides; often unset. */
const AWS_FILES = ['AWS_CONFIG_FILE', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];

/** Whether a path counts where it does not exist: then as the nearest folder above it, in which it will be made. */
type Kind = 'made' | 'read';

/**
 * Everything this process and its children may read or write while file systems are frozen, by its real path, and all that
 * a write there ends in. What does not exist and is not made by a run needs nothing.
 */
export async function pathsOfThisProcess(logFile: string | undefined): Promise<readonly AgentPath[]> {
  const wanted: readonly (readonly [what: string, path: string | undefined, kind: Kind])[] = [
    ['log file', logFile, 'made'],
    ['TMPDIR', tmpdir(), 'read'],
    ['working directory', workingDirectory(), 'read'],
    ['agent', process.argv[1], 'read'],
    ['runtime', process.execPath, 'read'],
    ['standard output', '/proc/self/fd/1', 'read'],
    ['standard error', '/proc/self/fd/2', 'read'],
    ['state folder', STATE_FOLDER, 'made'],
    ['AWS credentials', process.env['AWS_SHARED_CREDENTIALS_FILE'] ?? `${process.env['HOME'] ?? '/root'}/.aws`, 'read'],
    ...AWS_FILES.map((name) => [name, process.env[name], 'read'] as const),
    ['orchestration folder of the SSM agent', SSM_ORCHESTRATION, 'read'],
  ];
  const below = pathsBelow(hostReader);
  const found: AgentPath[] = [];
  for (const [what, named, kind] of wanted) {
    const path = named === undefined ? undefined : await realPathOf(named, kind);
    if (path !== undefined) found.push({ what, path, below: await below(path) });
  }
  return found;
}

/** Absent where somebody has deleted it under us: then nothing can be read or written there. */
function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** The real path of what is there, or of the folder in which it will be made; a pipe or a terminal has none. */
async function realPathOf(path: string, kind: Kind): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    return real.startsWith('/proc/') || real.startsWith('/dev/') ? undefined : real;
  } catch {
    const above = dirname(path);
    return kind === 'read' || path.startsWith('/proc/') || above === path ? undefined : realPathOf(above, kind);
  }
}
