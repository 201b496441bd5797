import * as v from 'valibot';
import { Coordinates } from './coordinates.ts';
import { SetLevel } from './result.ts';

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** Not always whole to the byte: the kernel's sizes go beyond what a number of JavaScript can. */
const Bytes = v.pipe(v.number(), v.finite(), v.minValue(0));

/** One device of a member's stack, from the volume upwards; what a restore assembles again. */
const Layer = v.object({
  kind: v.picklist(['disk', 'partition', 'raid', 'logical-volume', 'crypt', 'device-mapper', 'loop']),
  /** The kernel's name at the time, like `nvme1n1` or `dm-0`. */
  name: v.string(),
  sizeBytes: Bytes,
  partition: v.optional(v.object({ number: Count, startBytes: Bytes })),
  raid: v.optional(
    v.object({ level: v.string(), disks: Count, slot: v.optional(Count), uuid: v.optional(v.string()) }),
  ),
  deviceMapper: v.optional(v.object({ name: v.string(), uuid: v.string() })),
  /** What `lvchange --activate y <group>/<name>` brings back. */
  logicalVolume: v.optional(v.object({ group: v.string(), name: v.string() })),
});
export type Layer = v.InferOutput<typeof Layer>;

const Role = v.picklist([
  'data',
  'system-tablespace',
  'redo',
  'undo',
  'binlog',
  'relay-log',
  'doublewrite',
  'aria-log',
  'tablespace',
]);
export type Role = v.InferOutput<typeof Role>;

const Member = v.object({
  volume: v.string(),
  sizeGiB: Count,
  /** The attachment's device path, like `/dev/sdf`. */
  device: v.string(),
  roles: v.array(Role),
  /** The stacks that stand on this volume, each from the volume up to the file system. */
  layers: v.array(Layer),
});

const FileSystem = v.object({
  mountPoint: v.string(),
  type: v.string(),
  device: v.string(),
  uuid: v.optional(v.string()),
  /** An XFS's log and real-time files on devices of their own: it is mounted with `logdev=` and `rtdev=`, or not at all. */
  logDevice: v.optional(v.string()),
  realTimeDevice: v.optional(v.string()),
  /** The device that an ext4 or ext3 keeps its journal on: it is mounted with `journal_path=` where that has another number. */
  journalDevice: v.optional(v.string()),
  roles: v.array(Role),
  frozen: v.boolean(),
  volumes: v.array(v.string()),
});

/**
 * The file `mysql-ebs-snapshot.json` in the data directory: everything that puts the set back with the host gone.
 * It is written under the lock, before the freeze, so it is in the set it describes; it cannot tell the grade
 * (nothing is proven yet): the tags do.
 */
export const Manifest = v.object({
  v: v.literal(1),
  run: v.string(),
  set: v.string(),
  instance: v.string(),
  region: v.string(),
  level: SetLevel,
  /** When the lock was held and the coordinates were read; at level `crash`, before EC2 was asked. ISO 8601 in UTC. */
  takenAt: v.string(),
  server: v.object({
    flavour: v.picklist(['mysql', 'mariadb', 'percona']),
    version: v.string(),
    uuid: v.optional(v.string()),
    serverId: Count,
  }),
  /** At level `crash` none: they are where recovery ends. */
  coordinates: Coordinates,
  members: v.array(Member),
  fileSystems: v.array(FileSystem),
  /**
   * Whether the server has to find the set's own binary log at its first start: without it, transactions that were prepared
   * cannot be decided. At level `application` the redo log was flushed under the lock, and the data stand without it. Absent
   * in sets of earlier versions.
   */
  firstStartNeedsBinlog: v.optional(v.boolean()),
  /** Server settings by their own names that a restored server has to be started with. */
  settings: v.record(v.string(), v.string()),
  warnings: v.array(v.string()),
});
export type Manifest = v.InferOutput<typeof Manifest>;

export const MANIFEST_FILE = 'mysql-ebs-snapshot.json';
export const BINLOG_INFO_FILE = 'binlog_info.txt';
