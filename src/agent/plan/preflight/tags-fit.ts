import { TAG, TAG_LIMITS, TAG_PREFIX } from '../../../shared/tags.ts';
import type { Check } from './refusal.ts';

/**
 * The snapshots carry the tags of their volumes and ours (with room for `verified`, which comes later): together they must
 * fit, and none may pass for ours.
 */
export const tagsFit: Check = ({ storage }, request) => {
  const ours = [...Object.values(TAG), ...Object.keys(request.tags)];
  return storage.members.flatMap(({ volume }) => {
    // EC2 does not copy its own tags, and does not count them.
    const copied = Object.keys(volume.tags).filter((key) => !key.startsWith('aws:'));
    const forged = copied.filter((key) => key.startsWith(TAG_PREFIX));
    const total = new Set([...copied, ...ours]).size;
    return [
      ...(total > TAG_LIMITS.perResource
        ? [
            {
              code: 'set-too-large' as const,
              message: `${volume.volumeId} has ${copied.length} tags; with those of the set a snapshot would have ${total} of at most ${TAG_LIMITS.perResource}`,
              hint: `Remove at least ${total - TAG_LIMITS.perResource} tags from ${volume.volumeId}.`,
            },
          ]
        : []),
      ...(forged.length > 0
        ? [
            {
              code: 'storage-unfit' as const,
              message: `${volume.volumeId} carries tags of a set (${forged.join(', ')}), which its snapshots would inherit`,
              hint: `aws ec2 delete-tags --resources ${volume.volumeId} --tags ${forged.map((key) => `Key=${key}`).join(' ')}`,
            },
          ]
        : []),
    ];
  });
};
