import type { Check } from './refusal.ts';

/** Known to stand a freeze, and a copy of them to be mountable. */
const SUPPORTED = ['xfs', 'ext4', 'ext3'];

export const fileSystemsSupported: Check = ({ storage }) =>
  storage.mounts
    .filter(({ fsType }) => !SUPPORTED.includes(fsType))
    .map(({ mountPoint, fsType }) => ({
      code: 'storage-unfit',
      message: `${mountPoint} is ${fsType}, which is not supported under the server`,
      hint: `Move what the server keeps there (${SUPPORTED.join(', ')} are supported).`,
    }));
