import * as v from 'valibot';
import type { InstanceId, SnapshotId, VolumeId } from '../shared/ids.ts';
import type { Sleeper } from '../shared/poll.ts';
import type { Tags } from '../shared/tags.ts';
import type { Event } from './events.ts';

/**
 * What the stories need of the world. Each port is implemented once for real (adapters/), once by the
 * replay of a capture where it only reads, and in the lab or by a test where AWS is concerned.
 */

/** Reads the host; never writes. A path that does not exist answers `undefined`; anything else that fails throws. */
export interface HostReader {
  readText(path: string): Promise<string | undefined>;
  /** The names in a directory, in no order. */
  list(path: string): Promise<readonly string[] | undefined>;
  /** The path with every symbolic link resolved. */
  realPath(path: string): Promise<string | undefined>;
  owner(path: string): Promise<{ uid: number; gid: number } | undefined>;
  /** What the file system that a path is on has left. */
  freeSpace(path: string): Promise<FreeSpace | undefined>;
  /** The paths of all symbolic links below a directory, at most `depth` levels down (1: its own entries). */
  symlinksBelow(path: string, depth: number): Promise<readonly string[]>;

  // What follows answers `undefined` also where a capture of an older version did not ask.
  /** `major:minor` of the file system that a path is on, as stat has it. */
  deviceNumber(path: string): Promise<string | undefined>;
  /** The kernel's names for the devices that stand on one, by its path in sysfs. */
  holders(sysPath: string): Promise<readonly string[] | undefined>;
  /** The kernel's names for its journals (`/proc/fs/jbd2`). Throws RunError `host-unfit` where it shows none of them. */
  journals(): Promise<readonly string[] | undefined>;
  /**
   * The logs that an index lists, in the words of the index; those of a replica's further channels, `NAME-CHANNEL.index` beside
   * `NAME.index`, are read with it. None where there is no index. Throws RunError `files-unresolved` where one cannot be read.
   */
  indexedLogs(index: string): Promise<readonly string[] | undefined>;
  /** What `dmsetup status` prints of all devices; empty where it cannot be asked. */
  dmStatus(): Promise<string | undefined>;
}

/** What may still be written by others than root. */
export interface FreeSpace {
  readonly bytes: number;
  /** `null` where the file system does not count them. */
  readonly inodes: number | null;
}

/** A row as the server sends it: column name -> text (numbers as decimal text), or null. */
export type Row = Readonly<Record<string, string | null>>;

/** Asks the server. Read-only questions, each known by a name so that a capture can answer it again. */
export interface ServerReader {
  ask(question: ServerQuestion): Promise<readonly Row[]>;
}

/** `sql` holds no value from outside; a server that does not know the statement answers `[]` where `optional`. */
export interface ServerQuestion {
  readonly name: string;
  readonly sql: string;
  readonly optional?: true;
  /** How long its answer may take, where that is longer than other answers may. */
  readonly patienceMs?: number;
  /** What of the answer may be written into a capture, where that is not all of it. */
  readonly forCapture?: (rows: readonly Row[]) => readonly Row[];
}

/**
 * ONE connection to the server, never a pool, that never reconnects: the read lock belongs to it.
 * `ask` and `run` throw RunError `connection-lost` once it has ended, and ServerRefusal where the server says no.
 */
export interface ServerSession extends ServerReader, AsyncDisposable {
  run(sql: string, timeoutMs?: number): Promise<readonly Row[]>;
  readonly connectionId: number;
  /** Where the server was met: a socket, or host and port. */
  readonly address: string;
}

/** The server's own error number and text, for the callers that know what a number means. */
export class ServerRefusal extends Error {
  readonly errno: number;
  constructor(errno: number, message: string) {
    super(message);
    this.name = 'ServerRefusal';
    this.errno = errno;
  }
}

/** A volume as DescribeVolumes tells it, attached to this instance. */
export interface AttachedVolume {
  readonly volumeId: VolumeId;
  readonly sizeGiB: number;
  /** The device path of the attachment, like `/dev/sdf`. */
  readonly device: string;
  readonly tags: Tags;
  /** EC2's name of its type, like `gp3`; absent, as the next, in captures of older versions. */
  readonly type?: string;
  /** How many snapshots of it EC2 has not completed yet. */
  readonly pendingSnapshots?: number;
}

/** What EC2 knows of the instance we run on. */
export interface InstanceFacts {
  readonly instanceId: InstanceId;
  readonly region: string;
  /** The instance's `Name` tag, else its id. */
  readonly name: string;
  readonly rootDevice: string | undefined;
  readonly volumes: readonly AttachedVolume[];
  /** How far AWS's clock is ahead of this host's; absent where they differ by less than a minute. */
  readonly clockAheadMs?: number;
}

/** Reads EC2. Throws RunError 10-29: nothing has been touched when these are asked. */
export interface Ec2Reader {
  instance(): Promise<InstanceFacts>;
}

/** One CreateSnapshots request, whole. */
export interface CreateSetRequest {
  readonly instanceId: InstanceId;
  readonly excludeBootVolume: boolean;
  readonly excludeDataVolumeIds: readonly VolumeId[];
  readonly description: string;
  readonly tags: Tags;
}

export interface CreatedSnapshot {
  readonly snapshotId: SnapshotId;
  readonly volumeId: VolumeId;
}

/** What became of CreateSnapshots. `unknown`: the request may have been carried out, or may yet be. */
export type CreateSetAnswer =
  | { readonly kind: 'created'; readonly snapshots: readonly CreatedSnapshot[] }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'unknown'; readonly message: string };

export interface Ec2 extends Ec2Reader {
  /** The caller's `aws:userid`, stamped on the set as its owner. Throws RunError 10-29. */
  userId(): Promise<string>;
  /**
   * DryRun of the request: proves the permission and warms DNS, TLS and credentials. Throws RunError 10-29, or
   * `outcome-unknown` where it was answered as if it had been carried out.
   */
  proveCreateSet(request: CreateSetRequest): Promise<void>;
  /** ONE request, one attempt, one deadline. Never throws: the caller has a freeze to end. */
  createSet(request: CreateSetRequest, deadlineMs: number): Promise<CreateSetAnswer>;
  /** The snapshots that carry this set's tag. */
  findSet(set: string): Promise<readonly CreatedSnapshot[]>;
  /** Overwrites one tag on the snapshots of a set. */
  tagSet(snapshots: readonly SnapshotId[], key: string, value: string): Promise<void>;
}

/** Milliseconds: `now` on the wall (for people), `elapsed` monotonic (for measuring). */
export interface Clock extends Sleeper {
  now(): Date;
  elapsed(): number;
}

export type Emit = (event: Event) => void;

/**
 * A child process that talks in lines. The child is started by argument array, never through a shell line.
 * Its lines end when its stdout is closed by everybody who holds it.
 */
export interface LineProcess extends AsyncDisposable {
  readonly pid: number;
  send(line: string): void;
  /** Closes the child's stdin; to the guard this is the order to thaw. */
  end(): void;
  /** The next line, or `undefined` at the end. Throws `DeadlinePassed` after `deadlineMs`. */
  nextLine(deadlineMs: number): Promise<string | undefined>;
  /** Resolved at the end of its lines. */
  readonly ended: Promise<void>;
  /** What the child has said on stderr so far. */
  readonly complaints: string;
}

export class DeadlinePassed extends Error {
  constructor(what: string, ms: number) {
    super(`${what}: nothing heard for ${Math.round(ms)} ms`);
    this.name = 'DeadlinePassed';
  }
}

/** No child of ours takes more from our environment than it needs to find programs and speak plain English. */
export const CHILD_ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

export interface ProcessOptions {
  /** For messages. */
  readonly name: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  /** In a session of its own, so that a kill of our process group does not reach it. */
  readonly ownSession?: boolean;
  /** A descriptor that becomes the child's fd 3. */
  readonly inherit?: number;
}

/** Held for as long as a process lives that has inherited the descriptor. */
export interface WriterLock extends AsyncDisposable {
  readonly descriptor: number;
}

export interface Processes {
  /**
   * Runs a program to its end; its output is text, cut at 64 KiB or `outputLimit` characters. Throws `DeadlinePassed` where it does not end in
   * time, however stuck it is: a child in uninterruptible sleep is left behind. `inherit` becomes the child's fd 3.
   */
  run(
    argv: readonly string[],
    options: { deadlineMs: number; inherit?: number; outputLimit?: number },
  ): Promise<{ status: number; stdout: string; stderr: string }>;
  start(argv: readonly string[], options: ProcessOptions): LineProcess;
}

const Texts = v.pipe(v.array(v.string()), v.readonly());

/** How the appliers of a replica that run are stopped, and started again, and how it is seen whether they run. */
export const ApplierPlan = v.object({
  /** The channels; for each a statement that stops its applier and one that starts it, in the same order. */
  channels: Texts,
  stop: Texts,
  start: Texts,
  /** Answers a row a channel, with these columns: its name, and whether its applier runs (`Yes`). */
  status: v.object({ sql: v.string(), channel: v.string(), applying: v.string() }),
});
export type ApplierPlan = v.InferOutput<typeof ApplierPlan>;

/** Which server of the host a record is about: what it says of itself, by a question that needs no discovery. */
export const RecordedServer = v.object({ datadir: v.string(), uuid: v.optional(v.string()) });
export type RecordedServer = v.InferOutput<typeof RecordedServer>;

/** What a watchdog of ours has stopped, and how it is started again. */
export interface ApplierRecord {
  readonly file: string;
  readonly server: RecordedServer;
  readonly plan: ApplierPlan;
}

/** The records under /run: written by the watchdog, which removes them when the appliers run again. */
export interface ApplierRecords {
  list(): readonly ApplierRecord[];
  remove(record: ApplierRecord): void;
}

/** A file system: where it is, or was, mounted, and `MAJOR:MINOR` of its device, as mountinfo writes it. */
export interface FileSystem {
  readonly mountPoint: string;
  readonly device: string;
}

/** A file system that a guard of ours may have left frozen. Records of older versions do not tell the device. */
export interface FreezeRecord extends Omit<FileSystem, 'device'> {
  readonly device?: string;
  readonly file: string;
}

/** The records under /run: written by the guard, which removes them after the thaw. */
export interface FreezeRecords {
  list(): readonly FreezeRecord[];
  remove(record: FreezeRecord): void;
}
