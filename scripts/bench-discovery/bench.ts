/** What discovery costs on described hosts of one size and of ten times that: ratios of medians within one run. */
import { performance } from 'node:perf_hooks';
import { discover } from '../../src/agent/discovery/discover.ts';
import { type DescribedReaders, describeHost, type Sizes } from './hosts.ts';

/** Of ten times the size; a little above 10 for sorting, and for what no longer fits into a cache. */
const MOST = 12;
const ROUNDS = 15;
const WARM_UP = 4;

/** What grows, from the first to the second; the rest is small. A volume under the server has a tablespace at least. */
const AXES = {
  mounts: (mounts) => ({ mounts, tablespaces: 10, volumes: 2 }),
  tablespaces: (tablespaces) => ({ mounts: 10, tablespaces, volumes: 2 }),
  volumes: (volumes) => ({ mounts: 10, tablespaces: volumes, volumes }),
} as const satisfies Record<keyof Sizes, (size: number) => Sizes>;
const SIZES = { mounts: [600, 6_000], tablespaces: [2_000, 20_000], volumes: [4, 40] } as const;

interface Measurement {
  readonly sizes: readonly [number, number];
  /** Milliseconds: medians. */
  readonly ms: readonly [number, number];
  readonly ratio: number;
}

async function main(argv: readonly string[]): Promise<void> {
  const measured: Partial<Record<keyof Sizes, Measurement>> = {};
  for (const axis of ['mounts', 'tablespaces', 'volumes'] as const) measured[axis] = await measure(axis);
  const linear = Object.values(measured).every(({ ratio }) => ratio <= MOST);
  if (argv.includes('--json')) {
    console.log(JSON.stringify({ v: 1, linear, most: MOST, ...measured }));
  } else {
    for (const [axis, { sizes, ms, ratio }] of Object.entries(measured))
      console.log(`${sizes.join(' and ')} ${axis}: ${ms.join(' and ')} ms, ratio ${ratio} (at most ${MOST})`);
  }
  process.exitCode = linear ? 0 : 1;
}

/** Small and large in turn, so that a busy machine weighs on both alike. */
async function measure(axis: keyof Sizes): Promise<Measurement> {
  const sizes = SIZES[axis];
  const [small, large] = [describeHost(AXES[axis](sizes[0])), describeHost(AXES[axis](sizes[1]))];
  const smallMs: number[] = [];
  const largeMs: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    // As long on the small host as on the large one: then both meet the clock and the garbage collector alike.
    const shortest = await repeated(small, 10);
    const longest = await repeated(large, 1);
    if (round < 0) continue;
    smallMs.push(shortest);
    largeMs.push(longest);
  }
  const ms = [median(smallMs), median(largeMs)] as const;
  return { sizes, ms: [rounded(ms[0]), rounded(ms[1])], ratio: rounded(ms[1] / ms[0]) };
}

/** Milliseconds of one discovery, of several in a row. */
async function repeated({ host, server, instance }: DescribedReaders, times: number): Promise<number> {
  const start = performance.now();
  for (let time = 0; time < times; time++)
    await discover(host, server, { instance: async () => instance }, 'application');
  return (performance.now() - start) / times;
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
const rounded = (value: number): number => Number(value.toFixed(2));

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
