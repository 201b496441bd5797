import { ERRORS } from '../../shared/errors.ts';
import { jsonLine } from '../../shared/json-line.ts';
import { onOneLine } from '../../shared/printable.ts';
import { outcomeOf } from '../../shared/result.ts';
import { serverKeys } from '../sets/servers.ts';
import { serverColumns, setFields } from '../sets/sets-report.ts';
import { type SnapshotSet, worthOf } from '../sets/snapshot-set.ts';
import { inBlocks } from '../terminal/blocks.ts';
import { moment } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { type Column, layOut } from '../terminal/table.ts';
import type { PrunedVerdict, PruneReport } from './prune-report.ts';

const columns = (sets: readonly SnapshotSet[]): readonly Column<PrunedVerdict>[] => [
  { title: 'ACTION', cell: ({ fate, deleted, failure }) => (failure ? 'FAILED' : deleted ? 'deleted' : fate) },
  { title: 'TAKEN', cell: ({ set }) => moment(set.startTime) },
  { title: 'NAME', cell: ({ set }) => set.name },
  ...serverColumns(sets, ({ set }: PrunedVerdict) => set),
  { title: 'STATE', cell: ({ set }) => worthOf(set) },
  { title: 'REASON', cell: ({ because }) => because.join(', ') },
  { title: 'SET', cell: ({ set }) => set.set },
];

/** Every set with its fate, what could not be deleted and why, and one line that sums up. */
export function formatPrune(report: PruneReport, apply: boolean, style: Style): string {
  const { verdicts } = report;
  const { heading, lines } = layOut(verdicts, columns(setsOf(verdicts)));
  const failures = verdicts.flatMap(({ set, failure }) =>
    failure === undefined
      ? []
      : [onOneLine(`${set.set}: ${failure.message}`), style.faint(`  hint: ${onOneLine(failure.hint)}`)],
  );
  const doomed = verdicts.filter(({ fate }) => fate === 'delete').length;
  const sum = apply
    ? whatBecame(report)
    : `${doomed} of ${verdicts.length} sets would be deleted; nothing was: give --apply to do it`;
  return inBlocks(verdicts.length === 0 ? [] : [style.faint(heading), ...lines], failures, [sum]);
}

const setsOf = (verdicts: readonly PrunedVerdict[]) => verdicts.map(({ set }) => set);

/** In one line. */
function whatBecame({ verdicts, ending }: PruneReport): string {
  const doomed = verdicts.filter(({ fate }) => fate === 'delete').length;
  const deleted = verdicts.filter((verdict) => verdict.deleted).length;
  const cancelled = ending === 'cancelled' ? 'cancelled: ' : '';
  return `${cancelled}${deleted} of ${doomed} sets deleted, ${verdicts.length - doomed} kept`;
}

/** The same as ONE line of JSON. */
export function pruneJson(report: PruneReport): string {
  const { verdicts, ending } = report;
  const keys = serverKeys(setsOf(verdicts));
  const hint = ending === 'prune-incomplete' ? ERRORS[ending].hint : 'Run it again to go on.';
  return jsonLine({
    v: 1,
    outcome: ending === 'done' ? 'done' : outcomeOf(ending),
    ...(ending === 'done' ? {} : { code: ending, message: whatBecame(report), hint }),
    sets: verdicts.map(({ set, fate, because, deleted, failure }) => ({
      ...setFields(set),
      serverKey: keys.get(set),
      fate,
      because,
      ...(deleted && { deleted }),
      ...(failure && { code: failure.code, message: failure.message, hint: failure.hint }),
    })),
  });
}
