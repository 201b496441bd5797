import type { Check } from './refusal.ts';

/** Of one volume at a time; not adjustable [doc: Quotas for Amazon EBS]. */
const MAX_PENDING = 5;
const MAX_PENDING_OF_TYPE: Readonly<Record<string, number>> = { st1: 1, sc1: 1 };

/**
 * EC2 takes no further snapshot of a volume while so many are pending, and refuses the set as a whole. It also counts
 * pending snapshots that were deleted and are shown to nobody: then its own refusal is met (`create-refused`).
 */
export const snapshotsNotPending: Check = ({ storage }) =>
  storage.members.flatMap(({ volume: { volumeId, type = 'unknown', pendingSnapshots = 0 } }) => {
    const most = MAX_PENDING_OF_TYPE[type] ?? MAX_PENDING;
    if (pendingSnapshots < most) return [];
    return [
      {
        code: 'snapshots-pending',
        message: `${volumeId} (${type}) has ${pendingSnapshots} pending snapshots, of at most ${most}`,
        hint: `Run again when they have completed: aws ec2 describe-snapshots --filters Name=volume-id,Values=${volumeId} Name=status,Values=pending`,
      },
    ];
  });
