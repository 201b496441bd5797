import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { lockIdleSeconds } from '../../../src/agent/plan/idle-limit.ts';
import { FREEZE_RECORDS, RUN_LOCK, STATE_FOLDER } from '../../../src/agent/state-paths.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../src/lab/aws/embedded-aws.ts';
import { makeMountNamespace } from '../../../src/lab/machine/mount-namespace.ts';
import { plainShell } from '../../../src/lab/machine/shell.ts';
import type { EbsStore, LabVolume } from '../../../src/lab/world.ts';
import { type AgentRun, addInstance, instanceWith, startAgent, writeOptionFile } from '../../support/one-host.ts';
import { type SqlProxy, startSqlProxy } from '../../support/sql-proxy.ts';
import { isAt, type Place, type Step } from '../steps.ts';
import type { FaultHost } from './fault-host.ts';
import { ProcessesWithin } from './processes-within.ts';
import { FIRST_IN_PATH, programShims } from './program-shims.ts';
import { Stop } from './stop.ts';
import { type Captured, witness } from './witness.ts';

/** Short, so that what hangs is given up soon. */
export const LOCK_TIMEOUT_SECONDS = 1;
export const FREEZE_TIMEOUT_SECONDS = 2;

/**
 * One run of the agent that is stopped at one step: in a mount namespace of its own with a state folder of its own,
 * before an AWS of its own, its server behind a proxy, the programs that it starts behind shims.
 */
export interface Scene extends AsyncDisposable {
  readonly host: FaultHost;
  readonly stop: Stop;
  readonly pid: number;
  readonly level: 'application' | 'crash';
  /** Whether this run freezes at all. */
  readonly freezes: boolean;
  readonly unwritten: Step['unwritten'];
  /** After how many seconds the server lets go what a session of this run holds that idles; absent where nothing is held. */
  readonly lockSeconds: number | undefined;
  readonly ended: Promise<AgentRun>;
  readonly processes: ProcessesWithin;
  readonly server: SqlProxy;
  readonly aws: EmbeddedAws;
  /** Prefix of what runs in the scene's own mount namespace, in which the agent is. */
  readonly enter: readonly string[];
  /** Changes what EC2 has at the instance. */
  changeVolumes(change: (volumes: readonly LabVolume[]) => readonly LabVolume[]): void;
  /** What the sets really are, by snapshot. */
  readonly captured: ReadonlyMap<string, Captured>;
  freezeRecords(): readonly string[];
  runLockIsFree(): boolean;
  /** Runs `thaw` on the same host. */
  thaw(): Promise<AgentRun>;
}

type At = (of: Place['of'], program?: string) => (what: string, earlier: readonly string[]) => Stop | undefined;

/** For those who want to know all that a run asks: of whom, and what. `programs` are watched besides the step's own. */
export interface Watch {
  readonly programs: readonly string[];
  readonly asked: (of: Place['of'], what: string) => void;
}

/** Sets the scene and starts the agent. */
export async function setScene(host: FaultHost, step?: Step, watch?: Watch): Promise<Scene> {
  const undo: (() => unknown)[] = [];
  const dispose = async () => {
    for (const each of undo.reverse()) await each();
  };
  try {
    const folder = mkdtempSync(join(host.storage.folder, 'scene-'));
    chmodSync(folder, 0o755);
    const stop = new Stop();
    const at: At = (of, program) => (what, earlier) => {
      watch?.asked(of, program === undefined ? what : `${program} ${what}`);
      return step?.at.of === of && isAt(step, what, earlier) ? stop : undefined;
    };

    const shims = programShims(join(folder, 'programs'));
    undo.push(() => shims[Symbol.dispose]());
    for (const name of step?.at.of === 'program' ? [step.at.name] : (watch?.programs ?? []))
      shims.add(name, at('program', name));
    const server = await startSqlProxy(join(folder, 'proxy.sock'), host.socket, at('server'));
    undo.push(() => server[Symbol.asyncDispose]());
    let instance = instanceWith(host.storage.volumes);
    const store = witness(host, () => instance.volumes);
    const aws = await awsWithHook(store, folder, at);
    undo.push(() => aws[Symbol.asyncDispose]());
    const environment = await addInstance(aws, instance);

    const state = join(folder, 'state');
    const records = join(state, basename(FREEZE_RECORDS));
    mkdirSync(records, { recursive: true, mode: 0o700 });
    chmodSync(state, 0o700);
    const namespace = await ownNamespace({ [FIRST_IN_PATH]: shims.folder, [STATE_FOLDER]: state });
    undo.push(() => namespace[Symbol.asyncDispose]());
    const { enter, processes } = namespace;

    const optionFile = join(folder, 'agent.cnf');
    writeOptionFile(optionFile, server.socket);
    if (step?.given === 'left frozen') leaveFrozen(host.mounts[0] ?? '', records);
    if (step?.given === 'answer of EC2 lost')
      aws.behave({ faults: [{ kind: 'drop-after', action: 'CreateSnapshots' }] });
    const options = ['--defaults-file', optionFile, '--no-log-file', '--run-id', RUN_ID, ...TIMEOUTS];
    if (step?.given === 'freeze never') options.push('--freeze', 'never');
    if (step?.given === 'level crash') options.push('--level', 'crash');
    const level = step?.given === 'level crash' ? 'crash' : 'application';
    const freezes = level === 'application' && step?.given !== 'freeze never';
    const agent = startAgent(['snapshot', ...options], environment, enter);
    return {
      host,
      stop,
      pid: agent.pid,
      level,
      freezes,
      unwritten: step?.unwritten,
      lockSeconds: step && isHeldAt(step) ? lockIdleSeconds(level, FREEZE_TIMEOUT, !freezes) : undefined,
      ended: agent.ended,
      processes,
      server,
      aws,
      captured: store.captured,
      enter,
      changeVolumes(change) {
        instance = { ...instance, volumes: change(instance.volumes) };
        aws.registerHost(instance);
      },
      freezeRecords: () => readdirSync(records),
      runLockIsFree: () => spawnSync('flock', ['--nonblock', join(state, basename(RUN_LOCK)), 'true']).status === 0,
      thaw: () => startAgent(['thaw', '--no-log-file'], environment, enter).ended,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** What takes the lock, or comes while it is held, and does not release it. */
const isHeldAt = ({ when, lock }: Step): boolean => when === 'under the lock' && lock === undefined;

const FREEZE_TIMEOUT = { freezeTimeoutMs: FREEZE_TIMEOUT_SECONDS * 1000 };
const RUN_ID = 'fault';
const TIMEOUTS = [
  ...['--lock-timeout', String(LOCK_TIMEOUT_SECONDS), '--lock-tries', '1'],
  ...['--freeze-timeout', String(FREEZE_TIMEOUT_SECONDS)],
];

/** A mount namespace in which these folders are mounted over others, and the processes that are started in it. */
async function ownNamespace(
  over: Readonly<Record<string, string>>,
): Promise<{ readonly enter: readonly string[]; readonly processes: ProcessesWithin } & AsyncDisposable> {
  const shell = plainShell();
  const namespace = await makeMountNamespace(shell);
  const { enter } = namespace;
  for (const [place, folder] of Object.entries(over)) {
    mkdirSync(place, { recursive: true, mode: 0o700 });
    await shell.run([...enter, 'mount', '--bind', folder, place]);
  }
  const name = (await shell.run([...enter, 'readlink', '/proc/self/ns/mnt'])).trim();
  const holder = (await new ProcessesWithin(name).list()).map(({ pid }) => pid);
  const processes = new ProcessesWithin(name, holder);
  return {
    enter,
    processes,
    async [Symbol.asyncDispose]() {
      await processes.signal('SIGKILL');
      await namespace[Symbol.asyncDispose]();
    },
  };
}

/** As a run leaves it whose agent and guard were killed together. */
function leaveFrozen(mount: string, records: string): void {
  writeFileSync(join(records, 'earlier.0'), mount);
  execFileSync('fsfreeze', ['--freeze', mount]);
}

/** An AWS that does to a call what the verdict on its stop says. */
async function awsWithHook(store: EbsStore, folder: string, at: At): Promise<EmbeddedAws> {
  const earlier: string[] = [];
  const aws = await startEmbeddedAws({
    store,
    orchestrationRoot: folder,
    async callHook({ service, action, dryRun }) {
      const what = dryRun ? `${action} (dry run)` : action;
      const stop = at(service === 'imds' ? 'metadata service' : 'aws')(what, earlier);
      earlier.push(what);
      const verdict = await stop?.pass();
      const { faults } = aws.behaviour;
      const once = { action, dryRun, times: 1 };
      if (verdict === 'lose') aws.behave({ faults: [...faults, { ...once, kind: 'drop-after' }] });
      if (verdict !== 'refuse') return;
      if (service === 'imds') throw new Error('the connection is cut');
      aws.behave({ faults: [...faults, { ...once, kind: 'refuse', code: 'RefusedByTheTest' }] });
    },
  });
  return aws;
}
