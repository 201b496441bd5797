import type { Layer } from '../../shared/manifest.ts';
import { printable } from '../../shared/printable.ts';
import { usedMountOf } from '../plan/mounts.ts';
import { describeServer, type Planned } from '../plan/plan-snapshot.ts';
import type { SnapshotPlan } from '../plan/snapshot-plan.ts';

/** A plan for people: everything found, what would be done with it, and all that speaks against it. */
export function renderPlan({ plan, refusals }: Planned): string {
  const { instance, server, storage } = plan.facts;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    [
      `${describeServer(server)} on ${instance.instanceId} (${instance.name}, ${instance.region})`,
      [`level: ${plan.level}`, `lock: ${lockOf(plan)}`],
    ],
    ['Files of the server', table(filesByPath(plan))],
    [
      'File systems',
      table(
        storage.mounts.map(({ mountPoint, fsType, source, volumes }) => [
          mountPoint,
          fsType,
          whatIsDoneTo(mountPoint, plan),
          source,
          volumes.join(' '),
        ]),
      ),
    ],
    [
      'Members of the set',
      table(
        storage.members.map(({ volume, layers }) => [
          volume.volumeId,
          `${volume.sizeGiB} GiB`,
          volume.device,
          layers.map(describeLayer).join(' > '),
        ]),
      ),
    ],
    ['Left out', leftOut(plan)],
    ['Not level crash, because', plan.notCrashBecause],
    ['Warnings', plan.warnings.map(({ code, message }) => `${code}: ${message}`)],
    ['REFUSED', refusals.flatMap(({ code, message, hint }) => [`${code}: ${message}`, `  ${hint}`])],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${[title, ...lines.map((line) => `  ${line}`)].map(printable).join('\n')}\n`)
    .join('\n');
}

const lockOf = ({ level, lock, appliers }: SnapshotPlan): string =>
  level === 'crash'
    ? (lock.ddl?.take ?? ['none']).join('; ')
    : [...(appliers?.stop ?? []), ...lock.prepare, lock.blockCommits].join('; ');

function whatIsDoneTo(mountPoint: string, { freeze, syncOnly }: SnapshotPlan): string {
  if (freeze.includes(mountPoint)) return 'freeze';
  return syncOnly.includes(mountPoint) ? 'sync only' : 'as it is';
}

function filesByPath(plan: SnapshotPlan): readonly (readonly string[])[] {
  const roles = new Map<string, string[]>();
  for (const { path, role } of plan.facts.server.files) roles.set(path, [...(roles.get(path) ?? []), role]);
  return [...roles].map(([path, names]) => [
    path,
    names.join(', '),
    `on ${usedMountOf(plan, path)?.mountPoint ?? '?'}`,
  ]);
}

function leftOut({ exclude, facts: { instance } }: SnapshotPlan): readonly string[] {
  const boot = instance.volumes.find(({ device }) => device === instance.rootDevice);
  return [
    ...(exclude.bootVolume && boot !== undefined ? [`${boot.volumeId} (boot volume)`] : []),
    ...exclude.dataVolumes,
  ];
}

function describeLayer({ name, kind, raid, deviceMapper }: Layer): string {
  if (deviceMapper !== undefined) return `${name} (${kind} ${deviceMapper.name})`;
  if (raid === undefined) return kind === 'disk' ? name : `${name} (${kind})`;
  return raid.slot === undefined ? `${name} (${raid.level}, ${raid.disks} disks)` : `${name} (slot ${raid.slot})`;
}

/** Columns as wide as their widest cell. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
