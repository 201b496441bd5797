import * as v from 'valibot';
import type { RunId } from '../../shared/ids.ts';
import { Outcome, Result } from '../../shared/result.ts';
import type { Fate } from './fates.ts';
import type { PlannedHost } from './plan-fleet.ts';
import { printedResult } from './printed-result.ts';
import { gtidTag } from './simulated-set.ts';

/** What the controller says of a run, as `--json` has it. */
export const Report = v.object({
  outcome: Outcome,
  run: v.optional(v.string(), ''),
  code: v.optional(v.string()),
  hosts: v.array(v.object({ ...Result.entries, instance: v.string() })),
});
type Report = v.InferOutput<typeof Report>;
type Reported = Report['hosts'][number];

/** What is to be said of hosts whose own word is missing, or is no longer true. */
const TOLD: Partial<Readonly<Record<Fate, Pick<Result, 'outcome' | 'code'>>>> = {
  killed: { outcome: 'unsafe', code: 'outcome-unknown' },
  'killed-with-set': { outcome: 'unsafe', code: 'outcome-unknown' },
  undeliverable: { outcome: 'failed', code: 'host-missing' },
  'invalid-platform': { outcome: 'failed', code: 'host-missing' },
  'access-denied': { outcome: 'failed', code: 'host-missing' },
  'dropped-out': { outcome: 'failed', code: 'host-missing' },
  unmanaged: { outcome: 'failed', code: 'host-missing' },
  'member-fails': { outcome: 'failed', code: 'member-failed' },
  'member-fails-late': { outcome: 'failed', code: 'member-failed' },
};

/**
 * Every untruth of a report on a fleet of which all is known: a line for each host that is missing, double, strange or
 * told of wrongly, and one for a wrong ending. Pure.
 */
export function judgeReport(plan: readonly PlannedHost[], run: RunId, report: Report): readonly string[] {
  const planned = new Map<string, PlannedHost>(plan.map((host) => [host.instanceId, host]));
  const seen = new Map<string, number>();
  for (const { instance } of report.hosts) seen.set(instance, (seen.get(instance) ?? 0) + 1);

  const wrong = report.hosts.flatMap((told) => {
    const host = planned.get(told.instance);
    if (host === undefined) return [`${told.instance}: is none of the fleet`];
    const because = untruth(host, run, told);
    return because === undefined ? [] : [`${told.instance} (${host.fate}): ${because}`];
  });
  const missing = plan.filter(({ instanceId }) => !seen.has(instanceId));
  const ending = report.code === 'host-unsafe' && report.outcome === 'unsafe';
  return [
    ...(ending ? [] : [`the run ended with ${said(report)}, not with unsafe host-unsafe`]),
    ...wrong,
    ...missing.map(({ instanceId, fate }) => `${instanceId} (${fate}): is missing`),
    ...[...seen].flatMap(([instance, times]) => (times === 1 ? [] : [`${instance}: is there ${times} times`])),
  ];
}

/** What has to be said of a set; the rest of a host's own line may be left out, but not be changed. */
const OF_A_SET = ['grade', 'set', 'members', 'level', 'server', 'binlog', 'gtid'] as const;
const OF_AN_ENDING = ['outcome', 'code', 'message', 'hint'] as const;

function untruth(host: PlannedHost, run: RunId, told: Reported): string | undefined {
  const printed = printedResult(host, run);
  const known = TOLD[host.fate];
  const due = known ?? printed;
  if (due === undefined) throw new Error(`nobody knows what to say of a host that is ${host.fate}`);
  if (told.outcome !== due.outcome || told.code !== due.code) return `${said(told)} in place of ${said(due)}`;
  if (printed === undefined) return undefined;

  const owed: readonly (keyof Result)[] =
    known !== undefined ? [] : printed.outcome === 'done' ? OF_A_SET : OF_AN_ENDING;
  // What EBS did to a set is the controller's own sentence.
  const own: readonly (keyof Result)[] = known !== undefined ? [...OF_AN_ENDING, 'grade'] : [];
  const keys = Object.keys(Result.entries) as (keyof Result)[];
  const changed = keys.find((key) => {
    if (own.includes(key) || (told[key] === undefined && !owed.includes(key))) return false;
    return !same(key, told[key], printed[key]);
  });
  return changed && `${changed} is ${JSON.stringify(told[changed])}, not ${JSON.stringify(printed[changed])}`;
}

function same(key: keyof Result, told: unknown, printed: unknown): boolean {
  if (key === 'gtid' && typeof printed === 'string' && told === gtidTag(printed)) return true;
  return JSON.stringify(told) === JSON.stringify(printed);
}

const said = ({ outcome, code }: { readonly outcome: Outcome; readonly code?: string | undefined }): string =>
  [outcome, code].filter((word) => word !== undefined).join(' ');
