import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { comparisonJson, installationJson } from '../../../src/controller/documents/documents-report.ts';
import { whyNotRunnable } from '../../../src/controller/documents/install-document.ts';
import { freshnessJson } from '../../../src/controller/freshness/freshness-report.ts';
import { pruneJson } from '../../../src/controller/retention/prune-table.ts';
import { collate } from '../../../src/controller/runs/judge/collate.ts';
import { partitionReachable } from '../../../src/controller/runs/reachable.ts';
import { formatEvent, formatReport } from '../../../src/controller/runs/show/report-json.ts';
import { scheduled } from '../../../src/controller/schedules/schedule-status.ts';
import { deletedJson, schedulesJson } from '../../../src/controller/schedules/schedules-report.ts';
import { setJson, setsJson } from '../../../src/controller/sets/sets-report.ts';
import { formatError } from '../../../src/controller/terminal/error-json.ts';
import { RunError } from '../../../src/shared/errors.ts';
import { TAG } from '../../../src/shared/tags.ts';
import { online, RUN, ran, running } from './fakes.ts';
import { associationOf } from './schedules/some-schedules.ts';
import { setOf } from './sets/some-sets.ts';

/** CSI as a C1 control, a right-to-left override, and a line separator: JSON leaves all three as they are. */
const HOSTILE = 'db\u009b2J\u202eprod\u2028';

const set = setOf('2026-11-26T03:00:00Z', { tags: { [TAG.name]: HOSTILE } });
const failure = new RunError('no-permission', HOSTILE, { hint: HOSTILE });
const association = associationOf({ targets: [{ key: 'tag:Env', values: [HOSTILE] }] });
const ours = { name: 'mysql-ebs-snapshot', content: '', sha256: 'a' };
const installed = { version: '1', status: 'Failed', statusText: HOSTILE, sha256: 'a', latest: 1 } as const;
const report = collate(
  { operation: 'snapshot', run: RUN, until: 'pending', cancelled: false },
  partitionReachable([running(1), running(2)], [online(1), online(2)]),
  {
    invocations: [1, 2].map((n) =>
      ran(n, { v: 1, run: RUN, outcome: 'failed', code: 'internal', message: HOSTILE, hint: HOSTILE }),
    ),
  },
);

describe('text from elsewhere is escaped, and the same when it is parsed,', () => {
  it.each([
    ['an event of a run', formatEvent({ type: 'host-left-out', instance: 'i-1', name: HOSTILE, message: 'stopped' })],
    ['the report of a run', [...formatReport(report)].join('')],
    ['an error that ends a command', formatError(failure, undefined)],
    ['list', setsJson({ sets: [set], orphans: [] })],
    ['show', setJson(set)],
    ['status', freshnessJson([{ subject: HOSTILE, hosts: [running(1)], verdict: 'none', since: [{ set, why: '' }] }])],
    [
      'prune',
      pruneJson({ verdicts: [{ set, fate: 'delete', because: [HOSTILE], failure }], ending: 'prune-incomplete' }),
    ],
    [
      'schedule list',
      schedulesJson([scheduled(association, true, new Date('2026-11-28T00:00:00Z'))].flatMap((s) => s ?? [])),
    ],
    ['schedule delete', deletedJson([associationOf({ name: HOSTILE })])],
    ['documents install', installationJson({ ...ours, did: 'nothing', version: HOSTILE })],
    ['documents status', comparisonJson(ours, installed, whyNotRunnable(ours, installed))],
  ])('in the JSON of %s', (_what, json) => {
    expect(json).toContain('db\\u009b2J\\u202eprod\\u2028');
    expect(json).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(JSON.stringify(JSON.parse(json))).toContain(HOSTILE);
  });
});

it('no other JSON is printed: JSON.stringify makes keys of scopes alone', () => {
  const source = new URL('../../../src/controller', import.meta.url).pathname;
  const users = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => readFileSync(join(source, file), 'utf8').includes('JSON.stringify'));
  expect(users).toEqual(['targets/scope.ts']);
});
