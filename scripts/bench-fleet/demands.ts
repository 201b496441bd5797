import type { Measurement } from './measure-fleet.ts';

/** What the memory at full size is held against. */
export const SMALL_FLEET = 1_000;

const MOST = { calls: 100, bytes: 200e6, growth: 0.25 };

/** Every demand that is not kept, in words. `small` is absent where the fleet itself is no larger. Pure. */
export function brokenDemands(full: Measurement, small: Measurement | undefined): readonly string[] {
  const growth = small === undefined ? 0 : full.peakBytes / small.peakBytes - 1;
  const broken: string[] = [];
  for (const { hosts, wrong, calls } of [small, full].filter((fleet) => fleet !== undefined)) {
    if (wrong.length > 0) broken.push(`of ${hosts} hosts ${wrong.length} things are told wrongly`);
    if (calls.lostToThrottling > 0)
      broken.push(`of ${hosts} hosts ${calls.lostToThrottling} calls are lost to throttling`);
  }
  if (full.calls.collection > MOST.calls)
    broken.push(`${full.calls.collection} calls collect the results, at most ${MOST.calls} are allowed`);
  if (full.peakBytes > MOST.bytes)
    broken.push(`the memory reaches ${megabytes(full.peakBytes)} MB, at most ${megabytes(MOST.bytes)} are allowed`);
  if (growth >= MOST.growth)
    broken.push(
      `the memory grows by ${percent(growth)} % from ${small?.hosts} to ${full.hosts} hosts, less than ${percent(MOST.growth)} % is allowed`,
    );
  return broken;
}

export const megabytes = (bytes: number): number => Number((bytes / 1e6).toFixed(1));
const percent = (share: number): number => Number((share * 100).toFixed(1));
