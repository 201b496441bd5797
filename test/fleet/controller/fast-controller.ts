/** The entry of a controller that runs in the fast time of its lab. */
import { join } from 'node:path';
import { runController } from '../../../src/controller/run-controller.ts';
import { systemClock } from '../../../src/controller/system/clock.ts';
import { BEGAN, fastTime, inRealTime } from './fast-time.ts';

const time = fastTime(Number(process.env[BEGAN]));

void runController(process.argv.slice(2), {
  clock: {
    now: () => new Date(time.now()),
    sleep: (ms, signal) => systemClock.sleep(inRealTime(ms), signal),
  },
  documentsFolder: join(__dirname, '..', 'ssm-documents'),
});
