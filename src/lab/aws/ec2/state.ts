import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { RunError } from '../../../shared/errors.ts';
import { type InstanceId, SnapshotId, type VolumeId } from '../../../shared/ids.ts';
import type { LabHost, LabVolume } from '../../world.ts';

export interface Ec2Instance {
  readonly instanceId: InstanceId;
  readonly launchTime: Date;
  volumes: readonly Ec2Volume[];
  readonly tags: Map<string, string>;
}

export interface Ec2Volume {
  readonly volumeId: VolumeId;
  readonly instanceId: InstanceId;
  readonly sizeGiB: number;
  readonly device: string;
  readonly isBoot: boolean;
  readonly volumeType: string;
  readonly createTime: Date;
  readonly tags: Map<string, string>;
  lastSnapshotAt: number;
}

export interface Ec2Snapshot {
  readonly snapshotId: SnapshotId;
  readonly volumeId: VolumeId;
  readonly sizeGiB: number;
  readonly description: string;
  readonly startTime: Date;
  /** Times are compared with the clock at each look: no timer runs. */
  readonly completesAt: number;
  readonly failsAt: number | undefined;
  readonly tags: Map<string, string>;
  lock?: { readonly mode: 'governance'; readonly days: number };
}

/** All of EC2 that the lab knows, by id; snapshots also by tag, for fleets. */
export class Ec2State {
  readonly instances = new Map<string, Ec2Instance>();
  readonly volumes = new Map<string, Ec2Volume>();
  readonly snapshots = new Map<string, Ec2Snapshot>();
  readonly #byTag = new Map<string, Set<Ec2Snapshot>>();
  readonly #byVolume = new Map<string, Ec2Snapshot[]>();

  addHost(host: LabHost, now: Date): void {
    const { instanceId, tags } = host;
    this.instances.set(instanceId, { instanceId, launchTime: now, volumes: [], tags: new Map(Object.entries(tags)) });
    for (const volume of host.volumes) this.attach(instanceId, volume, now);
  }

  attach(instanceId: InstanceId, volume: LabVolume, now: Date): void {
    const instance = this.instances.get(instanceId);
    if (!instance) throw new RunError('bug', `${instanceId} is not there`);
    const attached: Ec2Volume = {
      ...volume,
      volumeType: volume.volumeType ?? 'gp3',
      instanceId,
      createTime: now,
      tags: new Map(Object.entries(volume.tags)),
      lastSnapshotAt: Number.NEGATIVE_INFINITY,
    };
    instance.volumes = [...instance.volumes, attached];
    this.volumes.set(attached.volumeId, attached);
  }

  detach(volumeId: VolumeId): void {
    const instance = this.instances.get(this.volumes.get(volumeId)?.instanceId ?? '');
    if (instance) instance.volumes = instance.volumes.filter((volume) => volume.volumeId !== volumeId);
    this.volumes.delete(volumeId);
  }

  removeHost(instanceId: string): void {
    for (const { volumeId } of this.instances.get(instanceId)?.volumes ?? []) this.volumes.delete(volumeId);
    this.instances.delete(instanceId);
  }

  addSnapshot(snapshot: Ec2Snapshot): void {
    this.snapshots.set(snapshot.snapshotId, snapshot);
    for (const [key, value] of snapshot.tags) this.#indexTag(snapshot, key, value);
    const ofVolume = this.#byVolume.get(snapshot.volumeId);
    if (ofVolume === undefined) this.#byVolume.set(snapshot.volumeId, [snapshot]);
    else ofVolume.push(snapshot);
  }

  removeSnapshot(snapshot: Ec2Snapshot): void {
    this.snapshots.delete(snapshot.snapshotId);
    for (const [key, value] of snapshot.tags) this.#byTag.get(tagIndex(key, value))?.delete(snapshot);
    const ofVolume = this.#byVolume.get(snapshot.volumeId) ?? [];
    this.#byVolume.set(
      snapshot.volumeId,
      ofVolume.filter((other) => other !== snapshot),
    );
  }

  tagSnapshot(snapshot: Ec2Snapshot, key: string, value: string): void {
    const before = snapshot.tags.get(key);
    if (before !== undefined) this.#byTag.get(tagIndex(key, before))?.delete(snapshot);
    snapshot.tags.set(key, value);
    this.#indexTag(snapshot, key, value);
  }

  snapshotsTagged(key: string, value: string): Iterable<Ec2Snapshot> {
    return this.#byTag.get(tagIndex(key, value)) ?? [];
  }

  snapshotsOfVolume(volumeId: string): readonly Ec2Snapshot[] {
    return this.#byVolume.get(volumeId) ?? [];
  }

  #indexTag(snapshot: Ec2Snapshot, key: string, value: string): void {
    const index = tagIndex(key, value);
    const tagged = this.#byTag.get(index);
    if (tagged === undefined) this.#byTag.set(index, new Set([snapshot]));
    else tagged.add(snapshot);
  }
}

const tagIndex = (key: string, value: string): string => `${key}\0${value}`;

export const newSnapshotId = (): SnapshotId => v.parse(SnapshotId, `snap-0${randomBytes(8).toString('hex')}`);

/** `pending`, then `completed`, or `error` where a member of the set failed. */
export function snapshotStatus(snapshot: Ec2Snapshot, now: number): 'pending' | 'completed' | 'error' {
  if (snapshot.failsAt !== undefined && now >= snapshot.failsAt) return 'error';
  return now >= snapshot.completesAt ? 'completed' : 'pending';
}
