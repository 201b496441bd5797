import { join } from 'node:path';
import { runController } from './run-controller.ts';
import { systemClock } from './system/clock.ts';

void runController(process.argv.slice(2), {
  clock: systemClock,
  // Beside dist/, where the bundle lies.
  documentsFolder: join(__dirname, '..', 'ssm-documents'),
});
