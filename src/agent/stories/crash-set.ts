import { createSetRequest } from '../plan/create-set-request.ts';
import { setFiles } from '../plan/set-files.ts';
import { untilCancelled } from '../window/cancellable.ts';
import { startFileWriter } from '../window/file-writer.ts';
import { proveStillExact } from '../window/still-exact.ts';
import { gradeSet } from './grade-set.ts';
import { provePermission } from './prove-permission.ts';
import type { Attempt, TakenSet } from './snapshot-world.ts';

/** Nobody waits for us: a slow device may take its time. */
const WRITE_DEADLINE_MS = 60_000;
/** Nor for EC2. */
const CREATE_DEADLINE_MS = 60_000;

/** Level `crash`: nothing is locked and nothing frozen. The image recovers as after a power cut, which is proven exact. */
export async function takeCrashSet(attempt: Attempt): Promise<void> {
  const { plan, world } = attempt;
  const taken = await takeAsItIs(attempt);
  await gradeSet(plan, taken, world);
}

async function takeAsItIs(attempt: Attempt): Promise<TakenSet> {
  const { plan, owner, session, world } = attempt;
  const { clock, ec2, host, signal } = world;
  const takenAt = await untilCancelled(signal, async () => {
    await provePermission(attempt);
    return writeFiles(attempt);
  });

  const asked = clock.elapsed();
  const answer = await ec2.createSet(createSetRequest(plan, {}, takenAt, owner), CREATE_DEADLINE_MS);
  const apiMs = Math.round(clock.elapsed() - asked);

  return { answer, apiMs, proofs: [await proveStillExact(session, host, plan.facts.server)] };
}

/** No sync or freeze follows that would take them to the volume. */
async function writeFiles({ plan, world }: Attempt): Promise<Date> {
  await using writer = await startFileWriter(world.processes, plan.facts.server);
  const takenAt = world.clock.now();
  await writer.write(setFiles(plan, {}, takenAt), WRITE_DEADLINE_MS, 'synced');
  return takenAt;
}
