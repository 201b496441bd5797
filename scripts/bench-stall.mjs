/** The stall of commits against the API's time, in rehearsals with an EC2 that takes 300 ms to answer. */
import { spawnSync } from 'node:child_process';

const RUNS = 5;
const API_LATENCY_MS = 300;

const server = process.argv.includes('--server') ? process.argv[process.argv.indexOf('--server') + 1] : undefined;

function rehearse() {
  const argv = ['dist/lab.cjs', 'rehearse', '--json', '--api-latency', String(API_LATENCY_MS)];
  if (server !== undefined) argv.push('--server', server);
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the rehearsal ended with ${status}: ${stderr.trim().split('\n').at(-1)}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

const runs = Array.from({ length: RUNS }, rehearse);
const apiMs = median(runs.map((run) => run.apiMs));
const stallMs = median(runs.flatMap((run) => run.stallMs));
const result = { ...(server && { server }), runs: RUNS, apiMs, stallMs, ratio: Number((stallMs / apiMs).toFixed(2)) };
console.log(
  process.argv.includes('--json')
    ? JSON.stringify(result)
    : `API ${apiMs} ms; stall ${stallMs} ms; ratio ${result.ratio} (medians of ${RUNS} rehearsals of two hosts)`,
);
