import { ERRORS } from '../../shared/errors.ts';
import type { Layer } from '../../shared/manifest.ts';
import { discover } from '../discovery/discover.ts';
import { mountPointOf } from '../plan/mount-point-of.ts';
import { describeServer, type Planned, planSnapshot } from '../plan/plan-snapshot.ts';
import type { SnapshotPlan, SnapshotRequest } from '../plan/snapshot-plan.ts';
import type { Ec2Reader, HostReader, ServerReader } from '../ports.ts';

export interface PlanReport extends Planned {
  /** 0, or the exit status of the first refusal. */
  readonly exit: number;
}

/** What a snapshot would do on this host, or on the one that a capture was taken of. Touches nothing. */
export async function runPlan(
  request: SnapshotRequest,
  { host, server, ec2 }: { host: HostReader; server: ServerReader; ec2: Ec2Reader },
): Promise<PlanReport> {
  const planned = planSnapshot(request, await discover(host, server, ec2));
  const [first] = planned.refusals;
  return { ...planned, exit: first === undefined ? 0 : ERRORS[first.code].exit };
}

/** The report for programs: plain data, no defaults left out. */
export function planAsJson({ plan, refusals, exit }: PlanReport): unknown {
  const { instance, server, storage } = plan.facts;
  return {
    v: 1,
    outcome: exit === 0 ? 'planned' : 'refused',
    instance: instance.instanceId,
    server: describeServer(server),
    datadir: server.datadir,
    files: server.files.map(({ role, path }) => ({ role, path, mountPoint: usedMountOf(plan, path)?.mountPoint })),
    fileSystems: storage.mounts.map(({ mountPoint, fsType, source, uuid, volumes }) => ({
      mountPoint,
      type: fsType,
      source,
      uuid,
      frozen: plan.freeze.includes(mountPoint),
      volumes,
    })),
    members: storage.members.map(({ volume, roles, layers }) => ({
      volume: volume.volumeId,
      sizeGiB: volume.sizeGiB,
      device: volume.device,
      roles,
      layers,
    })),
    arrays: storage.arrays,
    exclude: plan.exclude,
    lock: [...plan.lock.prepare, plan.lock.block],
    warnings: plan.warnings,
    refusals,
  };
}

/** The report for people. */
export function renderPlan({ plan, refusals }: PlanReport): string {
  const { instance, server, storage } = plan.facts;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    [
      `${describeServer(server)} on ${instance.instanceId} (${instance.name}, ${instance.region})`,
      [`lock: ${[...plan.lock.prepare, plan.lock.block].join('; ')}`],
    ],
    ['Files of the server', table(filesByPath(plan))],
    [
      'File systems',
      table(
        storage.mounts.map(({ mountPoint, fsType, source, volumes }) => [
          mountPoint,
          fsType,
          plan.freeze.includes(mountPoint) ? 'freeze' : 'sync only',
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
    ['Warnings', plan.warnings.map(({ code, message }) => `${code}: ${message}`)],
    ['REFUSED', refusals.flatMap(({ code, message, hint }) => [`${code}: ${message}`, `  ${hint}`])],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${[title, ...lines.map((line) => `  ${line}`)].join('\n')}\n`)
    .join('\n');
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

/** By superblock, so that what lies under a bind mount is shown where it is frozen. */
function usedMountOf({ facts: { storage } }: SnapshotPlan, path: string) {
  const mount = mountPointOf(path, storage.hostMounts);
  return storage.mounts.find(({ majorMinor }) => majorMinor === mount?.majorMinor);
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
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(width(column)))
      .join('  ')
      .trimEnd(),
  );
}
