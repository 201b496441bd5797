/** The controller as users have it, but in the time of the lab; at its end it tells its peak memory on descriptor 3. */
import { readFileSync, writeSync } from 'node:fs';
import { runController } from '../../src/controller/run-controller.ts';
import { labClock } from './lab-clock.ts';

const TOLD_ON = 3;

// Not `resourceUsage().maxRSS`: that one begins with the peak of the process that started this one.
process.on('exit', () => {
  const [, kilobytes = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  writeSync(TOLD_ON, kilobytes);
});

async function main(): Promise<void> {
  const clock = await labClock(process.env['AWS_ENDPOINT_URL'] ?? '');
  // The bench starts it in the root of the sources.
  await runController(process.argv.slice(2), { clock, documentsFolder: 'ssm-documents' });
}

void main();
