import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import guardProgram from '../../../src/agent/window/guard.sh';
import { isFrozen, mountXfs, thawAnyway } from '../../support/xfs.ts';

/** Every command of the script that can fail, as it stands there; what the shell does within itself cannot. */
const COMMAND =
  /exec \{\w+\}[<>](?:&-|&1|"\$\w+"| >\(thawer [^)]*\)| >\(\n[\s\S]*?\n {2}\))|exec fsfreeze [^\n]*|: >"\$record"|(?<![\w>/-])(?:flock|fsfreeze|stat|echo|printf|read|wait|rm)(?= )/g;
const SECONDS = '1';
/** How long a guard that says nothing more is listened to. */
const SILENCE_MS = 200;

interface Mutant {
  /** The line, and which command of it. */
  readonly name: string;
  readonly program: string;
}

const withoutComments = guardProgram.replaceAll(/^ *#.*$/gm, '');

/** The script once for each of its commands, which fails there, having done nothing. */
const mutants: readonly Mutant[] = [...withoutComments.matchAll(COMMAND)].map(({ 0: command, index }) => {
  const line = withoutComments.slice(0, index).split('\n').length;
  return {
    name: `line ${line}, ${command.split('\n')[0]}`,
    program: `${withoutComments.slice(0, index)}false${withoutComments.slice(index + command.length)}`,
  };
});

/** What the guard is told: the window ends by order, by the death of the agent, or before anything was asked for. */
const ENDINGS = [['freeze', 'thaw'], ['freeze'], []] as const;

describe('the guard, with each of its commands failing in turn', () => {
  let storage: ReturnType<typeof mountXfs>;
  let mounts: readonly string[];
  let lock: string;
  beforeAll(() => {
    storage = mountXfs(...ENDINGS.map((_, number) => `volume-${number}`));
    mounts = storage.volumes.map(({ mountPoint }) => mountPoint);
    lock = join(storage.folder, 'run.lock');
    writeFileSync(lock, '');
  });
  afterAll(() => storage?.[Symbol.dispose]());

  it('knows the commands', () => {
    expect(mutants.length).toBeGreaterThan(25);
  });

  it.each(mutants)('leaves nothing frozen that is neither recorded nor asked for: $name', async ({ program }) => {
    await Promise.all(ENDINGS.map((orders, number) => expectSafe(program, orders, mounts[number] ?? '')));
  });

  it('obeys no TMOUT, which would end its wait for the order', async () => {
    const guard = startGuard(guardProgram, mounts[0] ?? '', { TMOUT: '1' });
    await guard.heard(/waiting/);
    await sleep(1_500);
    expect(await guard.ask('freeze')).toContain('frozen 0');
    expect(await guard.ask('thaw')).toContain('thawed 0');
    await guard.end();
  });

  it('leaves what another program has frozen alone, and no record of it, should all of it die as it says so', async () => {
    const [mount = ''] = mounts;
    execFileSync('fsfreeze', ['--freeze', mount]);
    try {
      // The decline is the script's only report of "$1".
      const dies = guardProgram.replace('report "$1"\n', () => 'report "$1"; kill -KILL -- -$$\n');
      expect(dies).not.toBe(guardProgram);
      const guard = startGuard(dies, mount);
      await guard.heard(/waiting/);
      expect(await guard.ask('freeze')).toContain('busy 0');
      await guard.end();
      expect(guard.records().map((record) => readFileSync(record, 'utf8'))).toEqual(['']);
      expect(isFrozen(mount)).toBe(true);
    } finally {
      thawAnyway(mount);
    }
  });

  async function expectSafe(program: string, orders: readonly string[], mount: string): Promise<void> {
    const guard = startGuard(program, mount);
    try {
      await guard.heard(/waiting|refused|changed/);
      expect(guard.said()).not.toContain('frozen');
      for (const order of orders) await guard.ask(order);
      await guard.end();
      const frozen = isFrozen(mount);
      if (orders.length === 0) expect(frozen).toBe(false);
      if (frozen) {
        expect(guard.records().map((record) => readFileSync(record, 'utf8').split(' ')[1])).toEqual([mount]);
        expect(guard.said()).not.toMatch(/thawed|gone|refused|busy/);
      }
    } finally {
      thawAnyway(mount);
    }
  }

  /** A real bash with the program, in a session of its own, as the agent starts it. */
  function startGuard(program: string, mount: string, environment: NodeJS.ProcessEnv = {}) {
    const records = join(storage.folder, `records-${process.hrtime.bigint()}`);
    mkdirSync(records);
    const options = ['--norc', '--noprofile', '-c', program];
    const guard = spawn('bash', [...options, 'guard', SECONDS, lock, join(records, 'run'), mount], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: process.env['PATH'], LC_ALL: 'C', ...environment },
    });
    guard.stdin.on('error', () => {});
    const lines: string[] = [];
    const news = createInterface({ input: guard.stdout }).on('line', (line) => lines.push(line));
    const ended = once(guard, 'close');
    let isOver = false;
    ended.finally(() => {
      isOver = true;
    });
    const said = () => lines.join('\n');
    const heard = async (what: RegExp) => {
      const giveUp = performance.now() + SILENCE_MS;
      while (!what.test(said()) && !isOver && performance.now() < giveUp)
        await Promise.race([once(news, 'line'), ended, sleep(SILENCE_MS)]);
      return said();
    };
    return {
      said,
      heard,
      records: () => readdirSync(records).map((name) => join(records, name)),
      async ask(order: string) {
        guard.stdin.write(`${order}\n`);
        return heard(order === 'freeze' ? /frozen|busy|refused|unclear/ : /thawed|gone|stuck/);
      },
      async end() {
        guard.stdin.end();
        await ended;
      },
    };
  }
});
