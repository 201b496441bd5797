import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replayCapture } from '../../../../src/agent/adapters/capture-replayer.ts';
import { fileSystemsOf } from '../../../../src/agent/plan/mounts.ts';
import { planSnapshot } from '../../../../src/agent/plan/plan-snapshot.ts';
import type { LineProcess, ProcessOptions, ServerQuestion } from '../../../../src/agent/ports.ts';
import type { Attempt, SnapshotPorts } from '../../../../src/agent/stories/attempt.ts';
import { takeCrashSet } from '../../../../src/agent/stories/crash-set.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { REQUEST } from '../../../support/snapshot-request.ts';
import { factsOf } from '../plan/some-facts.ts';

const CAPTURE = join(import.meta.dirname, '../../../fixtures/hosts/loop-devices/capture.json');

/** A child that says these lines, one for each time that it is listened to. */
function child(done: string[], ...lines: string[]): LineProcess {
  return {
    pid: 4242,
    send: (line) => done.push(/^file \S+/.exec(line)?.[0] ?? line),
    end: () => {},
    nextLine: async () => lines.shift(),
    ended: Promise.resolve(),
    complaints: '',
    [Symbol.asyncDispose]: async () => {},
  };
}

test('what the server did not sync is synced, on every file system, before EC2 is asked; what DDL left, while it is held back', async () => {
  const request = { ...REQUEST, level: 'crash' } as const;
  const { plan } = planSnapshot(request, await factsOf('loop-devices', 'crash'));
  const captured = replayCapture(readFileSync(CAPTURE, 'utf8'));
  const devices = fileSystemsOf(plan).map(({ device }) => `opened ${device}`);
  const done: string[] = [];
  const ports = {
    host: captured.host,
    processes: {
      run: async (argv: readonly string[]) => {
        done.push(argv.join(' '));
        return { status: 0, stdout: '', stderr: '' };
      },
      start: (_argv: readonly string[], { name }: ProcessOptions) =>
        name === 'syncer'
          ? child(done, ...devices, 'probed', 'probed', 'synced', 'synced')
          : child(done, 'waiting', 'written'),
    },
    ec2: {
      proveCreateSet: async () => {
        done.push('dry run');
      },
      createSet: async () => {
        done.push('CreateSnapshots');
        return { kind: 'refused', code: 'RequestLimitExceeded', message: 'later' } as const;
      },
    },
    clock: fakeClock(),
    emit: () => {},
    signal: new AbortController().signal,
  } as unknown as SnapshotPorts;
  const session = {
    // Of the questions, only what is asked once DDL is held back is shown.
    ask: async (question: ServerQuestion) => {
      if (question.name === 'data-files') done.push('look at the files again');
      return question.name === 'other backups' ? [] : captured.server.ask(question);
    },
    run: async (sql: string) => {
      done.push(sql);
      return [];
    },
    [Symbol.asyncDispose]: async () => {},
  } as unknown as Attempt['session'];
  const attempt = {
    request,
    plan,
    owner: 'AIDA:i-1',
    session,
    writerLock: { descriptor: 3 } as Attempt['writerLock'],
    ports,
  };
  await expect(takeCrashSet(attempt)).rejects.toMatchObject({ code: 'create-refused' });
  expect(done).toEqual([
    'probe 0',
    'probe 1',
    'dry run',
    'none binlog_info.txt',
    'file mysql-ebs-snapshot.json',
    'commit',
    'sync 0 1',
    'SET SESSION wait_timeout = 42',
    'SET STATEMENT lock_wait_timeout = 1 FOR BACKUP STAGE START',
    'BACKUP STAGE END',
    'SET SESSION wait_timeout = 86400',
    'SET SESSION max_statement_time = 0',
    'dry run',
    'SET SESSION max_statement_time = 0',
    'SET SESSION lock_wait_timeout = 3',
    'SET SESSION wait_timeout = 42',
    'SET SESSION max_statement_time = 5',
    'BACKUP STAGE START',
    'BACKUP STAGE FLUSH',
    'BACKUP STAGE BLOCK_DDL',
    'look at the files again',
    'sync 0 1',
    'CreateSnapshots',
    'SELECT CONNECTION_ID() AS id',
    expect.stringContaining('GLOBAL_VALUE_ORIGIN'),
    'SHOW ALL SLAVES STATUS',
    'BACKUP STAGE END',
    'SET SESSION wait_timeout = 86400',
    'SET SESSION max_statement_time = 0',
    // For the proof that recovery is exact, after the set.
    'look at the files again',
  ]);
});
