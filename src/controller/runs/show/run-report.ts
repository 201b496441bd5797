import { onOneLine } from '../../../shared/printable.ts';
import { inBlocks } from '../../terminal/blocks.ts';
import type { Style } from '../../terminal/style.ts';
import { type Column, layOut } from '../../terminal/table.ts';
import type { FleetReport, HostReport } from '../judge/collate.ts';

const columnsFor = (style: Style): readonly Column<HostReport>[] => [
  { title: 'INSTANCE', cell: (host) => host.instance },
  { title: 'NAME', cell: (host) => host.name },
  {
    title: 'OUTCOME',
    cell: ({ result }) => result.outcome,
    paint: ({ result }, text) => style.outcome(result.outcome, text),
  },
  { title: 'GRADE', cell: ({ result }) => result.grade },
  { title: 'EBS', cell: ({ state }) => state },
  { title: 'MEMBERS', cell: ({ result }) => result.members?.toString() },
  { title: 'STALL', cell: ({ result }) => milliseconds(result.stallMs) },
  { title: 'FROZEN', cell: ({ result }) => milliseconds(result.frozenMs) },
  { title: 'BINLOG', cell: ({ result }) => result.binlog },
  { title: 'GTID', cell: ({ result }) => result.gtid },
];

/**
 * The report for people: one row a host (columns that nobody fills are left out), below it what every host that is
 * not done has to say and what to do about it, and one line that sums up.
 */
export function formatTable(report: FleetReport, style: Style): string {
  const { hosts, run } = report;
  const { heading, lines: rows } = layOut(hosts, columnsFor(style));
  const explanations = hosts.flatMap(({ instance, result }) => {
    if (result.outcome === 'done') return [];
    const code = result.code === undefined ? '' : ` [${result.code}]`;
    const lines = [onOneLine(`${instance}: ${result.message ?? result.outcome}${code}`)];
    if (result.hint !== undefined) lines.push(style.faint(`  hint: ${onOneLine(result.hint)}`));
    return lines;
  });
  const done = hosts.filter(({ result }) => result.outcome === 'done').length;
  const sum = `run ${run}: ${done} of ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'} done`;
  return inBlocks([style.faint(heading), ...rows], explanations, [sum]);
}

const milliseconds = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : `${Math.round(ms)} ms`;
