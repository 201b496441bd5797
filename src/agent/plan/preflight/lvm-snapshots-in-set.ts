import type { StorageMisfit } from '../../discovery/facts.ts';
import type { Check, Refusal } from './refusal.ts';

/** LVM activates the origin of snapshots only together with all of their stores: without those the set cannot be restored. */
export const lvmSnapshotsInSet: Check = ({ storage }) =>
  storage.misfits.flatMap((misfit) => (misfit.kind === 'snapshot' ? [refusalOf(misfit)] : []));

function refusalOf({ origin, snapshot }: Extract<StorageMisfit, { kind: 'snapshot' }>): Refusal {
  if (snapshot === 'unnamed')
    return {
      code: 'storage-unfit',
      message: `the logical volume ${origin} has an LVM snapshot, whose store may not be in the set; without it LVM does not activate ${origin}`,
      hint: `\`lvs -o lv_full_name,origin ${origin.split('/')[0]}\` names it. Remove it: lvremove GROUP/SNAPSHOT`,
    };
  return {
    code: 'storage-unfit',
    message: `the logical volume ${origin} has the LVM snapshot ${snapshot}, whose store is not in the set; without it LVM does not activate ${origin}`,
    hint: `Remove the snapshot: lvremove ${snapshot}`,
  };
}
