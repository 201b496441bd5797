import { type LabTime, realTime } from '../../../src/lab/aws/lab-time.ts';

/** Times the machine's clock. The work of hosts is not faster: with a higher factor, controllers poll more often. */
const FACTOR = 8;

/** The environment variable that holds the start of a controller's fast time, in milliseconds. */
export const BEGAN = 'FAST_TIME_BEGAN';

/** Time that runs faster than the machine's clock since `began`. A sleep in it keeps no process alive. */
export const fastTime = (began: number): LabTime => ({
  now: () => began + (Date.now() - began) * FACTOR,
  sleep: (ms, signal) => realTime.sleep(inRealTime(ms), signal),
});

/** Converts milliseconds of fast time to those of the machine's clock. */
export const inRealTime = (ms: number): number => ms / FACTOR;
