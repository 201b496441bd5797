import { join } from 'node:path';
import { systemClock } from './adapters/clock.ts';
import { runController } from './run-controller.ts';

void runController(process.argv.slice(2), {
  clock: systemClock,
  // Beside dist/, where the bundle lies.
  documentsFolder: join(__dirname, '..', 'ssm-documents'),
});
