import type { UnresolvedLeaf } from '../../discovery/facts.ts';
import type { Check, Refusal } from './refusal.ts';

/** Every leaf is exactly one attached volume: a set with a member missing is lost data. */
export const volumesResolved: Check = ({ storage, instance }) =>
  storage.unresolved.map(({ leaf, mountPoint, reason, detail }) => ({
    ...PER_REASON[reason](leaf, mountPoint, instance.instanceId),
    message: `${leaf} under ${mountPoint} ${WHAT[reason]}: ${detail}`,
  }));

const WHAT: Readonly<Record<UnresolvedLeaf['reason'], string>> = {
  'instance-store': 'is instance store, of which EBS takes no snapshot',
  'no-volume': 'is no EBS volume attached to this instance',
  'several-volumes': 'is not known to be exactly one EBS volume',
  'size-differs': 'has another size than its EBS volume',
  'no-block-device': 'cannot be followed to a volume',
  'journal-unknown': 'has a journal that cannot be followed to a volume',
};

type Remedy = (leaf: string, mountPoint: string, instance: string) => Pick<Refusal, 'code' | 'hint'>;

const PER_REASON: Readonly<Record<UnresolvedLeaf['reason'], Remedy>> = {
  'instance-store': (_, mountPoint) => ({
    code: 'storage-unfit',
    hint: `Move what the server keeps on ${mountPoint} to EBS volumes.`,
  }),
  'no-volume': (leaf, _, instance) => ({
    code: 'volume-unresolved',
    hint: `Compare \`lsblk -o NAME,SERIAL,MODEL,SIZE /dev/${leaf}\` with \`aws ec2 describe-volumes --filters Name=attachment.instance-id,Values=${instance}\`.`,
  }),
  'several-volumes': (leaf) => ({
    code: 'volume-unresolved',
    hint: `Attach the volumes under device names that differ, so that /dev/${leaf} can be only one of them.`,
  }),
  'size-differs': (leaf) => ({
    code: 'volume-unresolved',
    hint: `If the volume was enlarged, let the kernel see it (rescan or reboot); else /dev/${leaf} is not that volume.`,
  }),
  'no-block-device': (_, mountPoint) => ({
    code: 'storage-unfit',
    hint: `Move what the server keeps on ${mountPoint} to XFS or ext4 on EBS volumes.`,
  }),
  'journal-unknown': (leaf, mountPoint) => ({
    code: 'storage-unfit',
    hint: `Unmount ${mountPoint} and make the journal internal: tune2fs -O ^has_journal /dev/${leaf} && tune2fs -O has_journal /dev/${leaf}`,
  }),
};
