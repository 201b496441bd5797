import { RunError } from '../../shared/errors.ts';
import { type Mount, mountOf, mountsWithin, parseMountinfo, visibleMounts } from '../discovery/mountinfo.ts';
import { keptMounts, type OnDisk } from '../discovery/storage-map.ts';
import type { ServerView } from '../plan/snapshot-plan.ts';
import type { HostReader } from '../ports.ts';

/** The mount table of a process. Throws RunError `files-unresolved` where that has ended. */
export async function readMountsOf(pid: number | 'self', host: HostReader): Promise<readonly Mount[]> {
  const text = await host.readText(`/proc/${pid}/mountinfo`);
  if (text === undefined) throw new RunError('files-unresolved', `the process ${pid} of the server has ended`);
  return parseMountinfo(text);
}

/** What is mounted below the paths of the server in a view, temporary folders aside. */
export const keptMountPoints = (server: OnDisk, mounts: readonly Mount[]): readonly string[] =>
  mountsBelow(server, mounts).map(({ mountPoint }) => mountPoint);

function mountsBelow(server: OnDisk, mounts: readonly Mount[]): readonly Mount[] {
  const within = mountsWithin(keptMounts(server, visibleMounts(mounts)));
  return server.files.flatMap(({ path }) => within(path));
}

export function viewOf(pid: number, server: OnDisk, mounts: readonly Mount[]): ServerView {
  const used = new Set([
    ...server.files.flatMap(({ path }) => mountOf(path, mounts) ?? []),
    ...mountsBelow(server, mounts),
  ]);
  const places = [...used].map(({ mountPoint, majorMinor, root }) => `${mountPoint} (${majorMinor} ${root})`);
  return { pid, mounts: [...new Set(places)].sort() };
}

/** A mount of the server's own view that has come, gone or changed since the plan; `mounts`: its view now. */
export function changedView(planned: ServerView, server: OnDisk, mounts: readonly Mount[]): string | undefined {
  const now = viewOf(planned.pid, server, mounts).mounts;
  const change =
    now.find((mount) => !planned.mounts.includes(mount)) ?? planned.mounts.find((mount) => !now.includes(mount));
  return change && `the mount ${change} in the server's own mount namespace is not as planned`;
}
