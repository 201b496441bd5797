/** Start-up time: medians of interleaved runs, so that a busy machine weighs on both sides alike. */
import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';

const RUNS = 41;

function runMs(...args) {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  return performance.now() - start;
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const rounded = (number, digits) => Number(number.toFixed(digits));

const bare = [];
const version = [];
for (let run = 0; run <= RUNS; run++) {
  const [bareMs, versionMs] = [runMs('-e', '0'), runMs('dist/agent.cjs', '--version')];
  if (run === 0) continue; // the first round warms the page cache
  bare.push(bareMs);
  version.push(versionMs);
}

const [bareMs, versionMs] = [median(bare), median(version)];
const result = {
  runs: RUNS,
  bareMs: rounded(bareMs, 1),
  versionMs: rounded(versionMs, 1),
  ratio: rounded(versionMs / bareMs, 2),
};
console.log(
  process.argv.includes('--json')
    ? JSON.stringify(result)
    : `node -e 0: ${result.bareMs} ms; agent --version: ${result.versionMs} ms; ratio ${result.ratio} (medians of ${RUNS} runs)`,
);
