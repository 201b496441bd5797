/** The controller over a simulated fleet: are its results right, and what do they cost? */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { brokenDemands, megabytes, SMALL_FLEET } from './demands.ts';
import { type Measurement, measureFleet } from './measure-fleet.ts';

const LEAST_HOSTS = 100;
/** Of what is told wrongly. */
const LINES_SHOWN = 20;

async function main(argv: readonly string[]): Promise<void> {
  const { hosts, seed, json } = readArguments(argv);
  const small = hosts > SMALL_FLEET ? await measured(SMALL_FLEET, seed) : undefined;
  const full = await measured(hosts, seed);
  const broken = brokenDemands(full, small);
  for (const demand of broken) say(`Not kept: ${demand}.`);

  const { collection: calls, lostToThrottling } = full.calls;
  const [right, rssMb, seconds] = [broken.length === 0, megabytes(full.peakBytes), Number(full.seconds.toFixed(1))];
  console.log(
    json
      ? JSON.stringify({ v: 1, hosts, right, calls, lostToThrottling, rssMb, seconds })
      : `${hosts} hosts: ${right ? 'all right' : 'NOT right'}; ${calls} calls to collect, ${rssMb} MB, ${seconds} s`,
  );
  process.exitCode = right ? 0 : 1;
}

function readArguments(argv: readonly string[]): { hosts: number; seed: string; json: boolean } {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      hosts: { type: 'string', default: '10000' },
      seed: { type: 'string', default: 'fleet' },
      json: { type: 'boolean', default: false },
    },
  });
  const hosts = Number(values.hosts);
  if (!Number.isInteger(hosts) || hosts < LEAST_HOSTS)
    throw new TypeError(`--hosts ${values.hosts} is not a number from ${LEAST_HOSTS} on`);
  return { ...values, hosts };
}

async function measured(hosts: number, seed: string): Promise<Measurement> {
  say(`${hosts} hosts (--seed ${seed}) …`);
  const fleet = await measureFleet(hosts, seed, join(__dirname, 'controller.cjs'));
  const { calls, wrong, seconds, simulatedSeconds, peakBytes, lastWords } = fleet;
  const minutes = (simulatedSeconds / 60).toFixed(1);
  const actions = Object.entries(calls.byAction).map(([action, count]) => `${count} ${action}`);
  say(`  ${minutes} minutes for the controller, ${seconds.toFixed(1)} s for us; ${megabytes(peakBytes)} MB`);
  say(`  ${calls.before} calls up to SendCommand, ${calls.collection} to collect (${actions.join(', ')})`);
  say(`  ${calls.throttled} throttled, ${calls.lostToThrottling} of them lost`);
  for (const line of wrong.slice(0, LINES_SHOWN)) say(`  wrong: ${line}`);
  if (wrong.length > LINES_SHOWN) say(`  … and ${wrong.length - LINES_SHOWN} more`);
  if (wrong.length > 0) say(`  the controller's last words: ${lastWords.join(' / ')}`);
  return fleet;
}

const say = (text: string) => console.error(text);

main(process.argv.slice(2)).catch((error: unknown) => {
  say(
    error instanceof TypeError ? `bench fleet: ${error.message}` : String(error instanceof Error ? error.stack : error),
  );
  process.exitCode = error instanceof TypeError ? 2 : 1;
});
