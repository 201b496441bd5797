import * as v from 'valibot';
import { arn } from '../account.ts';
import type { ApiCall } from '../api-call.ts';
import { ApiError } from '../api-error.ts';
import { authorizeEc2, type Ec2World, endDryRun, requestTagKeys, resourceTagKeys } from './ec2-world.ts';
import { findInstance, findSnapshot, findVolume } from './lookup.ts';
import { Flag, parseParameters, type XmlElement } from './query-protocol.ts';
import { parseTags, refuseTooManyTags, TagParameter } from './tags.ts';

const Parameters = v.strictObject({
  ResourceId: v.pipe(v.array(v.string()), v.maxLength(1000, 'At most 1,000 resources.')),
  Tag: v.array(TagParameter),
  DryRun: v.optional(Flag, 'false'),
});

interface Taggable {
  readonly arn: string;
  readonly tags: Map<string, string>;
  readonly set: (key: string, value: string) => void;
}

/** CreateTags on snapshots, volumes and instances: adds tags, overwrites those of the same key. */
export async function createTags(world: Ec2World, call: ApiCall): Promise<XmlElement> {
  const request = parseParameters(Parameters, call.parameters);
  const tags = parseTags(request.Tag);
  const resources = request.ResourceId.map((id) => taggable(world, id));
  for (const resource of resources) {
    authorizeEc2(call.caller, 'CreateTags', resource.arn, {
      ...resourceTagKeys(resource.tags),
      ...requestTagKeys(tags),
    });
  }
  endDryRun(request.DryRun);
  for (const resource of resources) refuseTooManyTags(new Set([...resource.tags.keys(), ...tags.keys()]));
  for (const resource of resources) {
    for (const [key, value] of tags) resource.set(key, value);
  }
  return { return: true };
}

function taggable({ account, state }: Ec2World, id: string): Taggable {
  if (id.startsWith('snap-')) {
    const snapshot = findSnapshot(state, id);
    return {
      arn: arn.snapshot(account, id),
      tags: snapshot.tags,
      set: (key, value) => state.tagSnapshot(snapshot, key, value),
    };
  }
  if (id.startsWith('vol-')) {
    const { tags } = findVolume(state, id);
    return { arn: arn.volume(account, id), tags, set: (key, value) => tags.set(key, value) };
  }
  if (id.startsWith('i-')) {
    const { tags } = findInstance(state, id);
    return { arn: arn.instance(account, id), tags, set: (key, value) => tags.set(key, value) };
  }
  throw new ApiError('InvalidID', `The ID '${id}' is not valid`);
}
