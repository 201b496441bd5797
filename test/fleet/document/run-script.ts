import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { decodeResult, type Result } from '../../../src/shared/result.ts';

interface SnapshotDocument {
  readonly parameters: Record<string, { default: string }>;
  readonly mainSteps: [{ inputs: { runCommand: string[] } }];
}
const snapshotDocument = parse(
  readFileSync(new URL('../../../ssm-documents/snapshot.yaml', import.meta.url), 'utf8'),
) as SnapshotDocument;

export const documentScript = snapshotDocument.mainSteps[0].inputs.runCommand.join('\n');

/** What lies on the host. A program is the text of a script; `undefined` means that it is not there. */
export interface Host {
  /** /opt/mysql-ebs-snapshot/agent.cjs */
  readonly agent?: string;
  /** /opt/mysql-ebs-snapshot/bin/node; `real` is the runtime of this test. */
  readonly ownRuntime?: string;
  /** `node` on the PATH. */
  readonly runtimeOnPath?: string;
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly result: Result | undefined;
}

/** A runtime that is this test's own. */
export const REAL_RUNTIME = `#!/bin/sh\nexec ${process.execPath} "$@"\n`;

/** What /bin/sh is: dash on Debian and Ubuntu, bash on Amazon Linux, Red Hat and SUSE. */
export type Shell = 'dash' | 'bash';

/** The document's script as the genuine SSM agent runs it: as root, by /bin/sh, no HOME, no USER, stdin /dev/null. */
export function runScript(
  host: Host,
  parameters: Record<string, string> = {},
  { honoured = true, shell = 'dash' as Shell } = {},
): Ran {
  const folder = mkdtempSync(join(tmpdir(), 'document-'));
  try {
    const [opt, tools] = [join(folder, 'opt'), join(folder, 'tools')];
    const installation = join(opt, 'mysql-ebs-snapshot');
    mkdirSync(join(installation, 'bin'), { recursive: true });
    mkdirSync(tools);
    for (const tool of ['tr', 'sh', 'kill']) symlinkSync(`/usr/bin/${tool}`, join(tools, tool));
    if (host.agent !== undefined) writeFileSync(join(installation, 'agent.cjs'), host.agent);
    if (host.ownRuntime !== undefined) program(join(installation, 'bin/node'), host.ownRuntime);
    if (host.runtimeOnPath !== undefined) program(join(tools, 'node'), host.runtimeOnPath);
    program(join(folder, '_script.sh'), documentScript);

    const given = Object.fromEntries(
      Object.entries(snapshotDocument.parameters).map(([name, rule]) => [name, rule.default]),
    );
    const environment = {
      PATH: tools,
      AWS_SSM_INSTANCE_ID: 'i-0123456789abcdef0',
      AWS_SSM_REGION_NAME: 'eu-west-1',
      SSM_COMMAND_ID: '00000000-0000-4000-8000-000000000000',
      ...(honoured ? prefixed({ ...given, ...parameters }) : {}),
    };
    // /opt and /bin/sh are the host's own in a mount namespace that ends with the process.
    const enter = 'mount --bind "$1" /opt && mount --bind "$2" /bin/sh && shift 2 && exec /usr/bin/env -i "$@"';
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const { status, stdout, stderr } = spawnSync(
      '/usr/bin/unshare',
      [
        '--mount',
        '--propagation',
        'slave',
        '/bin/sh',
        '-c',
        enter,
        'sh',
        opt,
        `/usr/bin/${shell}`,
        ...variables,
        '/bin/sh',
        '-c',
        join(folder, '_script.sh'),
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
    return { status, stdout, stderr, result: decodeResult(stdout.trimEnd()) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function program(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

const prefixed = (values: Record<string, string>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`SSM_${name}`, value]));
