import type { Layer, Role } from '../../shared/manifest.ts';
import type { AttachedVolume, FreeSpace, InstanceFacts } from '../ports.ts';

/**
 * The typed facts that discovery makes of raw text. Everything here has been parsed and cross-checked:
 * a plan is made of facts alone. What could not be resolved is a fact as well (`unresolved`): the
 * preflight checks refuse it, all at once, by name.
 */
export interface HostFacts {
  readonly instance: InstanceFacts;
  readonly server: ServerFacts;
  readonly storage: StorageMap;
}

export interface ServerVersion {
  readonly flavour: 'mysql' | 'mariadb' | 'percona';
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

export interface ServerFacts {
  readonly version: ServerVersion;
  /** `server_uuid` (MySQL), `server_uid` (MariaDB >= 10.9), absent elsewhere. */
  readonly uuid: string | undefined;
  readonly serverId: number;
  readonly datadir: string;
  /** Who owns the data directory on the file system. */
  readonly datadirOwner: { readonly uid: number; readonly gid: number };
  /** What is left on its file system; unknown where a capture of an older version does not tell. */
  readonly datadirSpace: FreeSpace | undefined;
  /** Every file and folder that belongs to the server and has to be in the set, by its real path. */
  readonly files: readonly ServerFile[];
  /** Folders for what the server makes anew when it starts, by their real paths: they need not be in the set. */
  readonly temporaryFolders: readonly string[];
  readonly binlogEnabled: boolean;
  /** MariaDB's `binlog_storage_engine`, lower case; empty where the binary log is kept in files of its own. */
  readonly binlogStorageEngine: string;
  /** MariaDB's `innodb_log_archive`: the redo log is a growing series of files. */
  readonly redoArchived: boolean;
  readonly gtidMode: 'on' | 'off';
  /** `innodb_flush_log_at_trx_commit`: at 0 an acknowledged commit may not have reached the kernel. */
  readonly flushLogAtTrxCommit: 0 | 1 | 2 | 3;
  readonly syncBinlog: number;
  readonly doublewrite: boolean;
  /** `innodb_flush_method`; empty where the server does not say. */
  readonly flushMethod: string;
  readonly forceRecovery: number;
  readonly redoLogEnabled: boolean;
  /** The settings that can change while the server runs and that the plan rests on; none in captures of older versions. */
  readonly watched: readonly WatchedSetting[];
  /** How often XA PREPARE was said since the server started, by which it is seen that one came and went. */
  readonly xaPrepares: string | undefined;
  /** Whether the server tells how far its redo log has been flushed. */
  readonly flushedLsnReported: boolean;
  /** `lock_wait_timeout` and friends do not belong here: the session sets its own. */
  readonly settings: Readonly<Record<string, string>>;
  /** Engines that tables use, or may use where that cannot be seen cheaply; upper case. */
  readonly enginesInUse: readonly string[];
  /** Engines that are enabled and not understood, and of which it was seen that no table uses them; upper case. */
  readonly enginesUnused: readonly string[];
  readonly clustered: 'galera' | 'group-replication' | undefined;
  /** MySQL: whether the performance schema tells our account how long a statement has run. */
  readonly statementsTimed: boolean;
  /** Whether the performance schema lists metadata locks: it may be off, and so may be its instrument for them. */
  readonly metadataLocksListed: boolean;
  readonly keyringPlugins: readonly string[];
  /** Absent where the server is no replica. */
  readonly replica: ReplicaFacts | undefined;
  /** Absent where level `crash` was not asked for, or our account may not look. */
  readonly recovery: RecoveryFacts | undefined;
  /**
   * The privileges of our own account, as GRANT names them, upper case; `ALL PRIVILEGES` stands for itself.
   * Those that are not global say on what: `SELECT ON PERFORMANCE_SCHEMA.*`.
   */
  readonly privileges: readonly string[];
}

/** A setting that the plan rests on and that can be changed while the server runs. */
export interface WatchedSetting {
  readonly name: string;
  readonly value: string;
  /**
   * What a change leaves behind, also one that was taken back. MySQL >= 8.0: when it was last set, empty where never.
   * MariaDB: `SQL` once it was set in this life of the server. Absent where the version keeps no trace.
   */
  readonly trace: string | undefined;
}

/** How a replica is set up. How far it has got moves on, and is read under the lock. */
export interface ReplicaFacts {
  readonly channels: readonly ReplicaChannel[];
  /** How many threads apply what one channel received; 0 where that is left to a single one. */
  readonly parallelWorkers: number;
  /** Temporary tables that statements of a source have made: they live in this server alone, and in no set. */
  readonly openTemporaryTables: number;
  /** MySQL: unread relay logs are thrown away after a crash and fetched again. */
  readonly relayLogRecovery: boolean;
  /** MySQL: what has been executed is noted in a table of InnoDB, together with the data. */
  readonly positionsInTable: boolean;
  /**
   * MySQL, where parallel workers keep the order of commits: the tables that are not transactional; at most MOST_TABLES,
   * or `unseen` where our account may not look. While one of them is applied, the read lock can stop replication with
   * error 3030 (seen on 9.7: the lock and the order wait for each other, the server breaks that with a deadlock, and such a
   * worker cannot try again).
   */
  readonly lockConflictTables: readonly TableEngine[] | 'unseen';
}

export interface ReplicaChannel {
  /** MySQL's channel, MariaDB's connection; empty is the default one. */
  readonly name: string;
  /** Whether it finds its place in the source by GTID. */
  readonly autoPosition: boolean;
  /** Whether it applies what it receives (the SQL thread, and its workers). */
  readonly applying: boolean;
}

/** What decides whether crash recovery is exact, beyond settings. */
export interface RecoveryFacts {
  /** Tables outside the system schemas that are not InnoDB; at most MOST_TABLES of them. */
  readonly nonTransactionalTables: readonly TableEngine[];
  /** XA transactions that are prepared and not ended; 0 where the server recovers those exactly. */
  readonly preparedTransactions: number;
  /** MariaDB: where a replica keeps its place. */
  readonly gtidPositionTables: readonly TableEngine[];
}

export interface TableEngine {
  /** `schema`.`table`, quoted. */
  readonly table: string;
  /** Upper case. */
  readonly engine: string;
}

export interface ServerFile {
  readonly role: Role;
  readonly path: string;
}

/** path -> mount -> block device graph -> volume, for everything under the server. */
export interface StorageMap {
  readonly mounts: readonly UsedMount[];
  /** The volumes under those mounts: what has to be in the set. */
  readonly members: readonly Member[];
  /** Leaves of the device graph that did not resolve to exactly one attached volume of this instance. */
  readonly unresolved: readonly UnresolvedLeaf[];
  readonly arrays: readonly RaidArray[];
  /** What stands beside the stacks and LVM needs all the same, or is not understood in them. */
  readonly misfits: readonly StorageMisfit[];
  readonly encrypted: readonly EncryptedDevice[];
  /** Every mount of this host, for the checks of what the agent itself needs. */
  readonly hostMounts: readonly MountPoint[];
}

export interface MountPoint {
  readonly mountPoint: string;
  readonly majorMinor: string;
  readonly fsType: string;
}

/** A superblock under the server (one entry, however many paths or bind mounts lead to it). */
export interface UsedMount extends MountPoint {
  readonly source: string;
  readonly uuid: string | undefined;
  /** The further devices that an XFS keeps its log or its real-time files on, as its mount options name them, and an ext4 its journal. */
  readonly externalDevices: { readonly logdev?: string; readonly rtdev?: string; readonly journal?: string };
  /** Where an ext4 or ext3 keeps its journal; absent for other types, and where a capture of an older version does not tell. */
  readonly journal?: 'internal' | 'external' | 'none';
  /** Whether it holds `/`, or a layer of it where that is an overlay. */
  readonly isRoot: boolean;
  readonly roles: readonly Role[];
  readonly volumes: readonly string[];
}

export interface Member {
  readonly volume: AttachedVolume;
  readonly roles: readonly Role[];
  readonly layers: readonly Layer[];
  readonly isBootVolume: boolean;
}

export interface UnresolvedLeaf {
  /** The kernel's name, like `nvme3n1`. */
  readonly leaf: string;
  readonly mountPoint: string;
  readonly reason:
    | 'instance-store'
    | 'no-volume'
    | 'several-volumes'
    | 'size-differs'
    | 'no-block-device'
    | 'journal-unknown';
  /** For people: serial, model, sizes: what was seen. */
  readonly detail: string;
}

export type StorageMisfit =
  /** LVM snapshots whose stores lie on volumes that are no members; `unnamed`: a capture of an older version has no names. */
  | { readonly kind: 'snapshot'; readonly origin: string; readonly snapshot: string | 'unnamed' }
  /** A device-mapper device whose `what` (its targets, or its uuid) is none of those known here. */
  | { readonly kind: 'device-mapper'; readonly name: string; readonly dmName: string; readonly what: string };

export interface EncryptedDevice {
  /** Its name under /dev/mapper. */
  readonly name: string;
  /** No room for a header is left beside its data: that lies elsewhere. */
  readonly isHeaderDetached: boolean;
}

export interface RaidArray {
  readonly name: string;
  readonly level: string;
  /** Redundant levels survive a missing member; the others do not. */
  readonly state: 'whole' | 'degraded' | 'resyncing' | 'incomplete';
  readonly detail: string;
  /** Absent where it is md's. */
  readonly by?: 'lvm';
}
