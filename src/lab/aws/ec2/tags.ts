import * as v from 'valibot';
import { TAG_LIMITS } from '../../../shared/tags.ts';
import { ApiError } from '../api-error.ts';
import { items, type Xml } from './query-protocol.ts';

export const TagParameter = v.strictObject({ Key: v.string(), Value: v.optional(v.string(), '') });
type TagParameter = v.InferOutput<typeof TagParameter>;

/** The tags of a request, held to EC2's limits [doc: Tag your Amazon EC2 resources, restrictions]. */
export function parseTags(tags: readonly TagParameter[]): ReadonlyMap<string, string> {
  const parsed = new Map<string, string>();
  for (const { Key, Value } of tags) {
    if (Key === '' || Key.length > TAG_LIMITS.key) {
      throw new ApiError('InvalidParameterValue', `Tag key exceeds the maximum length of ${TAG_LIMITS.key} characters`);
    }
    if (Value.length > TAG_LIMITS.value) {
      throw new ApiError(
        'InvalidParameterValue',
        `Tag value exceeds the maximum length of ${TAG_LIMITS.value} characters`,
      );
    }
    if (/^aws:/i.test(Key)) {
      throw new ApiError('InvalidParameterValue', 'Tag keys starting with "aws:" are reserved for internal use');
    }
    if (parsed.has(Key)) throw new ApiError('InvalidParameterValue', `Duplicate tag key '${Key}' specified.`);
    parsed.set(Key, Value);
  }
  return parsed;
}

/** Refuses a resource that would carry more than 50 tags; those of AWS itself do not count. */
export function refuseTooManyTags(tags: Iterable<string>): void {
  const own = [...tags].filter((key) => !key.startsWith('aws:'));
  if (own.length > TAG_LIMITS.perResource) {
    throw new ApiError(
      'TagLimitExceeded',
      `The maximum number of Tags for a resource has been reached: ${TAG_LIMITS.perResource}.`,
    );
  }
}

/** The tags that `CopyTagsFromSource=volume` copies: all but AWS's own. */
export const copiedTags = (tags: ReadonlyMap<string, string>): readonly (readonly [string, string])[] =>
  [...tags].filter(([key]) => !key.startsWith('aws:'));

export const tagSet = (tags: ReadonlyMap<string, string>): Xml =>
  items([...tags].map(([key, value]) => ({ key, value })));
