import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostReader } from '../../../src/agent/adapters/host-reader.ts';
import { processes } from '../../../src/agent/adapters/processes.ts';
import { MOUNTINFO, parseMountinfo } from '../../../src/agent/discovery/mountinfo.ts';
import { FREEZE_RECORDS } from '../../../src/agent/state-paths.ts';
import { startSyncer } from '../../../src/agent/window/syncer.ts';
import { guardOf, makeStateFolder, mountedOn } from '../../support/guard.ts';
import { isFrozen, mountXfs } from '../../support/xfs.ts';

const AGENT = join(import.meta.dirname, '../../../dist/agent.cjs');
const LONG = 30_000;
const NO_LOCK = { descriptor: 1, [Symbol.asyncDispose]: async () => {} };

describe.each([
  '-n odd $(touch x) name',
  "it's `touch x`; touch x",
  'two\nlines',
  '\\040\\ #',
  'a"b*?[c]',
  '\u001b[2Jx',
  '東京',
])('a file system that is mounted on %j', (name) => {
  let storage: ReturnType<typeof mountXfs>;
  let mount: string;

  beforeEach(() => {
    makeStateFolder();
    storage = mountXfs(name);
    mount = storage.volumes[0]?.mountPoint ?? '';
  });
  afterEach(() => storage[Symbol.dispose]());

  it('is read as it is, synced, frozen and thawed, and nothing else happens', async () => {
    const mounts = parseMountinfo((await hostReader.readText(MOUNTINFO)) ?? '');
    expect(mounts.map(({ mountPoint }) => mountPoint)).toContain(mount);
    {
      await using syncer = await startSyncer(processes, [mountedOn(mount)], NO_LOCK);
      await syncer.probe();
      await syncer.syncAhead();
      await syncer.syncUnderLock([mount]);
    }
    {
      await using guard = await guardOf([mount], LONG);
      const window = await guard.freeze(LONG);
      {
        await using _open = window;
        expect(isFrozen(mount)).toBe(true);
      }
      expect(window.heldThroughout).toBe(true);
    }
    expect(isFrozen(mount)).toBe(false);
    await expect.poll(() => readdirSync(FREEZE_RECORDS), { timeout: 20_000 }).toEqual([]);
    expect([storage.folder, '/', process.cwd()].map((folder) => existsSync(join(folder, 'x')))).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('is thawed by its record, should a run have died over it', () => {
    writeFileSync(join(FREEZE_RECORDS, '4711.0'), mount);
    execFileSync('fsfreeze', ['--freeze', mount]);
    const said = execFileSync(process.execPath, [AGENT, 'thaw', '--no-log-file'], { encoding: 'utf8', stdio: 'pipe' });
    expect(JSON.parse(said)).toMatchObject({ outcome: 'done', thawed: [mount] });
    expect(said.trimEnd()).not.toMatch(/\p{Cc}|\p{Cf}/u);
    expect(isFrozen(mount)).toBe(false);
    expect(readdirSync(FREEZE_RECORDS)).toEqual([]);
  });
});
