import * as v from 'valibot';
import { InstanceId } from '../../shared/ids.ts';
import { TAG, type Tags } from '../../shared/tags.ts';
import type { Attachments } from '../ports.ts';
import type { SnapshotSet } from './snapshot-set.ts';

/**
 * Why it is not proven that a set is of the instance that it names, or `undefined` where it is. A host writes the tags of
 * its sets, so its word alone is none: either IAM had its role's session stamped on them (a host cannot stamp another's),
 * or EC2 has every volume attached to the instance. Nothing outweighs a volume that is attached to another one.
 */
export function whyUnattributed({ instance, members }: SnapshotSet, attachments: Attachments): string | undefined {
  for (const { volumeId } of members) {
    const other = attachments.get(volumeId);
    if (other !== undefined && other !== instance) return `${volumeId} is attached to ${other}`;
  }
  if (members.every(({ tags }) => ownerOf(tags) === instance)) return undefined;
  if (members.every(({ volumeId }) => attachments.get(volumeId) === instance)) return undefined;
  return `nothing but its own tags says that it is of ${instance}`;
}

/** The instance whose role's session made the set, as IAM had it stamped; `undefined` where it was no instance's. */
function ownerOf(tags: Tags): InstanceId | undefined {
  const parsed = v.safeParse(InstanceId, tags[TAG.owner]?.split(':')[1]);
  return parsed.success ? parsed.output : undefined;
}
