import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../../shared/errors.ts';
import type { ServerFile, StorageMap } from '../discovery/facts.ts';
import { channelsOf, type RawChannel, replicaStatus } from '../discovery/replica.ts';
import { mapStorage } from '../discovery/storage-map.ts';
import { changedSetting, parseSettings, watchedSettings } from '../discovery/watched-settings.ts';
import type { SnapshotPlan } from '../plan/snapshot-plan.ts';
import type { HostReader, ServerSession } from '../ports.ts';
import { type Proof, STATEMENT_DEADLINE_MS } from './proof.ts';
import { changedView, readMountsOf } from './server-view.ts';
import { withinDeadline } from './within-deadline.ts';

/** Proves that the settings that the level rests on are as planned, and were never set in between. Never throws. */
export async function proveSettingsUnchanged(
  session: ServerSession,
  plan: Pick<SnapshotPlan, 'facts' | 'level'>,
): Promise<Proof> {
  const { server } = plan.facts;
  const proof = (held: boolean, detail: string): Proof => ({ name: 'settings as planned', held, detail });
  try {
    const rows = await session.run(watchedSettings(server.version).sql, STATEMENT_DEADLINE_MS);
    const change = changedSetting(server.watched, parseSettings(rows), plan.level);
    return change === undefined ? proof(true, 'none was set') : proof(false, change);
  } catch (error) {
    return proof(false, messageOf(error));
  }
}

/**
 * Proves that the server has the channels of the plan and no others: of one that was planned as no replica, the coordinates
 * do not hold what it executes of a source. Never throws.
 */
export async function proveSourcesUnchanged(
  session: ServerSession,
  { facts: { server } }: Pick<SnapshotPlan, 'facts'>,
): Promise<Proof> {
  const proof = (held: boolean, detail: string): Proof => ({ name: 'sources as planned', held, detail });
  try {
    const status = replicaStatus(server.version);
    const rows = await session.run(status.sql, STATEMENT_DEADLINE_MS);
    const nameOf = ({ name, autoPosition }: Pick<RawChannel, 'name' | 'autoPosition'>) =>
      `'${name}' ${autoPosition ? 'by GTID' : 'by position'}`;
    const planned = (server.replica?.channels ?? []).map(nameOf).sort();
    const now = channelsOf(rows, status, { parallel: false, stopped: [] }).map(nameOf).sort();
    if (isDeepStrictEqual(planned, now)) return proof(true, planned.join(', ') || 'the server is no replica');
    return proof(false, `the channels were ${planned.join(', ') || 'none'} and are ${now.join(', ') || 'none'}`);
  } catch (error) {
    return proof(false, messageOf(error));
  }
}

/**
 * Proves that the mounts and devices below the server's files are those of the plan: read from the kernel again, and
 * resolved as the plan was; `files`: the settled ones. One that was dropped since the plan leaves its mount in the set, and there
 * it has to be as planned, also in the mount namespace of the server. Never throws.
 */
export async function proveStorageUnchanged(
  host: HostReader,
  plan: SnapshotPlan,
  files: readonly ServerFile[],
): Promise<Proof> {
  const { server, storage, instance } = plan.facts;
  const planned = new Set(server.files.map(({ path }) => path));
  const all = [...server.files, ...files.filter(({ path }) => !planned.has(path))];
  const proof = (held: boolean, detail: string): Proof => ({ name: 'storage as planned', held, detail });
  try {
    const now = await withinDeadline('the storage', STATEMENT_DEADLINE_MS, () =>
      mapStorage(host, { files: all, temporaryFolders: server.temporaryFolders }, instance),
    );
    const change = changedStorage(storage, now) ?? (await changedForServer(host, plan));
    return change === undefined ? proof(true, 'mounts and devices are the same') : proof(false, change);
  } catch (error) {
    return proof(false, messageOf(error));
  }
}

async function changedForServer(host: HostReader, { serverView, facts }: SnapshotPlan): Promise<string | undefined> {
  return serverView && changedView(serverView, facts.server, await readMountsOf(serverView.pid, host));
}

/** What differs, for people. The roles of a mount or a volume may grow with the files that came to it. */
function changedStorage(planned: StorageMap, now: StorageMap): string | undefined {
  const mounts = differing(planned.mounts, now.mounts, ({ majorMinor }) => majorMinor);
  if (mounts !== undefined) return `the mount ${mounts.mountPoint} (${mounts.majorMinor}) is not as planned`;
  const member = differing(planned.members, now.members, ({ volume }) => volume.volumeId);
  if (member !== undefined) return `the devices on ${member.volume.volumeId} are not as planned`;
  const array = differing(planned.arrays, now.arrays, ({ name }) => name);
  if (array !== undefined) return `the array ${array.name} is ${array.state}: ${array.detail}`;
  const [leaf] = now.unresolved;
  return leaf && `${leaf.leaf} below ${leaf.mountPoint} is no volume of the plan (${leaf.reason})`;
}

/** The first that has gone, has come, or is another. */
function differing<T extends object>(
  planned: readonly T[],
  now: readonly T[],
  keyOf: (item: T) => string,
): T | undefined {
  const found = new Map(now.map((item) => [keyOf(item), item]));
  const gone = planned.find((item) => !isDeepStrictEqual(withoutRoles(item), withoutRoles(found.get(keyOf(item)))));
  if (gone !== undefined) return gone;
  const known = new Set(planned.map(keyOf));
  return now.find((item) => !known.has(keyOf(item)));
}

const withoutRoles = (item: object | undefined) => ({ ...item, roles: undefined });
