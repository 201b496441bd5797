import type { InstanceId, SnapshotId, VolumeId } from '../shared/ids.ts';
import type { Tags } from '../shared/tags.ts';

/**
 * What the parts of the lab know of each other. `aws/` is the embedded AWS and knows no file system;
 * `ebs/` keeps the bytes and knows no API; `hosts/` are the simulated instances; `ssm-agent/` executes
 * documents on them. They meet only in these types.
 */

/** A volume of a simulated instance. Sizes are whole GiB, as EBS has them. */
export interface LabVolume {
  readonly volumeId: VolumeId;
  readonly sizeGiB: number;
  /** The attachment's device path as DescribeVolumes tells it: `/dev/loop3`, or `/dev/xvda` for a boot volume that has no bytes. */
  readonly device: string;
  readonly tags: Tags;
  readonly isBoot: boolean;
  /** EC2's name of its type; `gp3` where nothing else is said. */
  readonly volumeType?: string;
}

/** A simulated instance: what EC2 and Systems Manager know of it, and how its agent's processes are started. */
export interface LabHost {
  readonly instanceId: InstanceId;
  readonly tags: Tags;
  readonly volumes: readonly LabVolume[];
  /**
   * Prefix of every argument array that runs "on the host" (it enters the host's own mount namespace, where
   * /opt/mysql-ebs-snapshot, /run/mysql-ebs-snapshot, /var/log/mysql-ebs-snapshot and /etc/mysql are the host's).
   */
  readonly enter: readonly string[];
  /** What the genuine SSM agent's environment holds on this host beyond its own variables (endpoints of the lab). */
  readonly environment: Readonly<Record<string, string>>;
}

/** Keeps the bytes of volumes and snapshots. */
export interface EbsStore {
  /** Captures these volumes of ONE instance at one moment; when it returns, the bytes are safe from later writes. */
  capture(instanceId: InstanceId, members: readonly { snapshotId: SnapshotId; volumeId: VolumeId }[]): Promise<void>;
}
