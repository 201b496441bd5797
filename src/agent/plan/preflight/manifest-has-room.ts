import type { Check } from './refusal.ts';

const MIB = 2 ** 20;
/** The manifest takes some KiB: this is room for it and for what the server writes meanwhile. */
const BYTES = MIB;
/** Two files, each written beside the one of the run before. */
const INODES = 2;

/** What cannot be written under the lock is refused before it. */
export const manifestHasRoom: Check = ({ server: { datadir, datadirSpace } }) => {
  if (datadirSpace === undefined) return [];
  const { bytes, inodes } = datadirSpace;
  const lacking = [
    ...(bytes < BYTES ? [`${Math.floor(bytes / 1024)} KiB`] : []),
    ...(inodes !== null && inodes < INODES ? [`${inodes} inodes`] : []),
  ];
  if (lacking.length === 0) return [];
  return [
    {
      code: 'datadir-unfit',
      message: `the file system of the data directory ${datadir} has ${lacking.join(' and ')} left: no room for the manifest`,
      hint: `Make room there (${BYTES / MIB} MiB and ${INODES} inodes are needed): df ${datadir}; df --inodes ${datadir}`,
    },
  ];
};
