import * as v from 'valibot';
import { RunId } from '../../shared/ids.ts';
import type { NotDelivered } from '../aws/behaviour.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../aws/embedded-aws.ts';
import { SteeredTime } from '../aws/lab-time.ts';
import { USUAL_RATES } from '../aws/usual-rates.ts';
import type { Fate } from './fates.ts';
import { type PlannedHost, planFleet } from './plan-fleet.ts';
import { simulatedRun } from './simulated-run.ts';
import { simulatedSet } from './simulated-set.ts';

/** A fleet of hosts that are only planned, in an embedded AWS with the API rates of the real one and a time of its own. */
export interface SimulatedFleet extends AsyncDisposable {
  readonly aws: EmbeddedAws;
  readonly time: SteeredTime;
  readonly plan: readonly PlannedHost[];
}

/** What every host carries, for `--target`. */
const ROLE = { Role: 'database' };
const EARLIER_RUN = v.parse(RunId, 'earlier');
const DAY_MS = 86_400_000;

export async function startSimulatedFleet(hosts: number, seed: string): Promise<SimulatedFleet> {
  const plan = planFleet(hosts, seed);
  const time = new SteeredTime();
  const dropOut = once(() => {
    for (const { instanceId } of withFate(plan, 'dropped-out')) aws.deregister(instanceId);
  });
  const aws = await startEmbeddedAws({
    store: { capture: async () => {} },
    time,
    behaviour: { rates: USUAL_RATES, undelivered: undelivered(plan) },
    callHook: async ({ action }) => {
      if (action === 'SendCommand') dropOut();
    },
  });
  for (const host of plan) {
    const tags = { Name: host.name, ...ROLE, Environment: 'production' };
    const run = simulatedRun(host, { time, putSnapshot: aws.putSnapshot });
    aws.registerHost({ instanceId: host.instanceId, tags, volumes: host.volumes, enter: [], environment: {} }, { run });
  }
  for (const { instanceId } of withFate(plan, 'unmanaged')) aws.deregister(instanceId);
  for (const host of plan.filter((_host, index) => index % 5 === 0)) {
    const set = simulatedSet({ ...host, memberFailsMs: undefined }, EARLIER_RUN, 'application', time.now() - DAY_MS);
    for (const snapshot of set) aws.putSnapshot(snapshot);
  }
  return { aws, time, plan, [Symbol.asyncDispose]: () => aws[Symbol.asyncDispose]() };
}

const REASONS: Partial<Readonly<Record<Fate, NotDelivered>>> = {
  undeliverable: 'Undeliverable',
  'invalid-platform': 'InvalidPlatform',
  'access-denied': 'AccessDenied',
};

const undelivered = (plan: readonly PlannedHost[]) =>
  Object.fromEntries(
    plan.flatMap(({ instanceId, fate }) => {
      const reason = REASONS[fate];
      return reason === undefined ? [] : [[instanceId, reason]];
    }),
  );

const withFate = (plan: readonly PlannedHost[], fate: Fate) => plan.filter((host) => host.fate === fate);

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}
