import * as v from 'valibot';
import { RunError } from '../../shared/errors.ts';
import { InstanceId, VolumeId } from '../../shared/ids.ts';
import type { Tags } from '../../shared/tags.ts';

const text = v.string();
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** What was asked -> what was answered; `null`: it was not there. */
const answers = <T extends v.GenericSchema>(answer: T) => v.record(v.string(), v.nullable(answer));

/** Somebody's own names: `v.record` would drop those that JavaScript knows as well, like `constructor`. */
const tags = v.custom<Tags>(isTextRecord, 'is not a set of tags');

function isTextRecord(value: unknown): boolean {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord && Object.values(value).every((each) => typeof each === 'string');
}

/**
 * A host in one JSON file: every answer that discovery got, and nothing else. Of files only those below /proc and
 * /sys, and the names in the indexes of logs; of the server only named questions without secrets. Replayed, the very same discovery reads it.
 */
export const Capture = v.strictObject({
  v: v.literal(1),
  /** ISO 8601 in UTC. */
  takenAt: text,
  /** The version of the agent that took it. */
  agent: text,
  host: v.strictObject({
    files: answers(text),
    /** path -> real path */
    links: answers(text),
    /** path -> names */
    dirs: answers(v.array(text)),
    owners: answers(v.strictObject({ uid: count, gid: count })),
    /** path -> what its file system has left; older versions did not ask. */
    space: v.exactOptional(v.record(text, v.strictObject({ bytes: count, inodes: v.nullable(count) }))),
    // What follows older versions did not ask either.
    /** path -> `major:minor` */
    devices: v.exactOptional(v.record(text, text)),
    /** path in sysfs -> names */
    holders: v.exactOptional(answers(v.array(text))),
    /** The names in /proc/fs/jbd2. */
    journals: v.exactOptional(v.array(text)),
    dmStatus: v.exactOptional(text),
    /** path of an index -> the logs that it lists */
    indexes: v.exactOptional(v.record(text, v.array(text))),
    /** path -> the symbolic links at most `depth` levels below */
    symlinks: v.record(v.string(), v.strictObject({ depth: count, links: v.array(text) })),
  }),
  server: v.strictObject({
    /** name of the question -> rows */
    answers: v.record(v.string(), v.array(v.record(v.string(), v.nullable(text)))),
  }),
  ec2: v.strictObject({
    instanceId: InstanceId,
    region: text,
    name: text,
    rootDevice: v.optional(text),
    clockAheadMs: v.exactOptional(v.number()),
    volumes: v.array(
      v.strictObject({
        volumeId: VolumeId,
        sizeGiB: count,
        device: text,
        tags,
        type: v.exactOptional(text),
        pendingSnapshots: v.exactOptional(count),
      }),
    ),
  }),
});
export type Capture = v.InferOutput<typeof Capture>;

/** Throws RunError `capture-invalid` naming what is wrong. */
export function parseCapture(json: string): Capture {
  const parsed = v.safeParse(Capture, parseJson(json));
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new RunError('capture-invalid', `${v.getDotPath(issue) ?? 'the capture'}: ${issue.message}`);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new RunError('capture-invalid', 'the capture is not JSON', { cause: error });
  }
}
