import * as v from 'valibot';

/**
 * The names of things, parsed once at the edge. A value of one of these types has its form proven;
 * the patterns are those of EC2's and SSM's API models, and of the document parameters.
 */
const patterned = <const B extends string>(brand: B, pattern: RegExp, example: string) =>
  v.pipe(v.string(), v.regex(pattern, `is not ${brand} (like ${example})`), v.brand(brand));

export const InstanceId = patterned(
  'an instance id',
  /^(i-([0-9a-f]{8}|[0-9a-f]{17})|mi-[0-9a-f]{17})$/,
  'i-0123456789abcdef0',
);
export const VolumeId = patterned('a volume id', /^vol-([0-9a-f]{8}|[0-9a-f]{17})$/, 'vol-0123456789abcdef0');
export const SnapshotId = patterned('a snapshot id', /^snap-([0-9a-f]{8}|[0-9a-f]{17})$/, 'snap-0123456789abcdef0');
export const RunId = patterned('a run id', /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, '20261122T030000Z-4f2a9c');

export type InstanceId = v.InferOutput<typeof InstanceId>;
export type VolumeId = v.InferOutput<typeof VolumeId>;
export type SnapshotId = v.InferOutput<typeof SnapshotId>;
export type RunId = v.InferOutput<typeof RunId>;

/** `<run id>/<instance id>`: the name of one set. */
export const setId = (run: RunId, instance: InstanceId): string => `${run}/${instance}`;

/** A run id made on this machine: the UTC time for people, six random hex digits against collisions. */
export function newRunId(now: Date, randomHex: string): RunId {
  const time = now.toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
  return v.parse(RunId, `${time}-${randomHex.slice(0, 6)}`);
}
