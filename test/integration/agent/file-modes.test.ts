import { chmodSync, existsSync, lstatSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FREEZE_RECORDS, RUN_LOCK } from '../../../src/agent/state-paths.ts';
import { BINLOG_INFO_FILE, MANIFEST_FILE } from '../../../src/shared/manifest.ts';
import { type OneHost, oneHost } from '../../support/one-host.ts';

describe.each(['0000', '0022', '0077'])('whatever the caller’s umask (%s)', (umask) => {
  let host: OneHost;
  let folder: string;
  beforeAll(async () => {
    host = await oneHost({ volumes: 'one' });
    folder = join(host.optionFile, '..');
    // What the agent makes in the state folder it makes anew, under this umask. No record of a freeze is taken away.
    if (existsSync(FREEZE_RECORDS)) rmdirSync(FREEZE_RECORDS);
    rmSync(RUN_LOCK, { force: true });
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  const mode = (path: string) => lstatSync(path).mode & 0o777;
  const under = (...argv: string[]) => host.startAfter(`umask ${umask}`, ...argv);

  it('what a run writes is for nobody else', async () => {
    using request = host.holdCalls('CreateSnapshots');
    const log = join(folder, 'logs/deep/agent.log');
    const running = under('snapshot', '--log-file', log);
    await request.arrived();
    const [record = '(none)', ...others] = readdirSync(FREEZE_RECORDS);
    expect(others).toEqual([]);
    const recordMode = mode(join(FREEZE_RECORDS, record));
    request[Symbol.dispose]();
    expect((await running.ended).status).toBe(0);

    const files = [log, RUN_LOCK, join(host.datadir, MANIFEST_FILE), join(host.datadir, BINLOG_INFO_FILE)];
    for (const bits of [recordMode, ...files.map(mode)]) expect(bits & ~0o640, bits.toString(8)).toBe(0);
    for (const each of ['logs', 'logs/deep']) expect(mode(join(folder, each)) & ~0o750).toBe(0);
    expect(mode(FREEZE_RECORDS)).toBe(0o700);
  });

  it('a capture is for its owner alone', async () => {
    const capture = join(folder, 'capture.json');
    expect((await under('capture', capture).ended).status).toBe(0);
    expect(mode(capture)).toBe(0o600);
  });

  it('a log that is there already keeps the mode that somebody gave it', async () => {
    const log = join(folder, 'there.log');
    writeFileSync(log, '');
    chmodSync(log, 0o604);
    await under('thaw', '--log-file', log).ended;
    expect(mode(log)).toBe(0o604);
  });
});
