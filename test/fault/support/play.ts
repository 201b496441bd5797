import { setTimeout as sleep } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { AgentRun } from '../../support/one-host.ts';
import type { Scenario } from '../cells.ts';
import { FAULTS, type FaultName } from '../faults.ts';
import { STEPS, type Step, type StepName } from '../steps.ts';
import type { FaultHost } from './fault-host.ts';
import { type Scene, setScene } from './scene.ts';
import { expectNoLyingGrade, expectTruth } from './truth.ts';
import { expectHostWhole, RELEASE_MS } from './whole.ts';
import { within } from './within.ts';

export const ARRIVAL_MS = 30_000;
/** The longest documented deadline, with what goes before and after it. */
export const END_MS = 150_000;
/** `thaw` waits for the kernel, then gives up by itself; an AWS on this machine answers at once. */
const THAW_MS = 60_000;
const ANSWERED_MS = 30_000;
const GUARD_BEHIND_MS = 2_000;
const POLL_MS = 20;

/** Plays one scenario: the run is stopped at the step, the fault strikes, and then all has to be well. */
export async function play(host: FaultHost, name: StepName, fault: FaultName, expected: Scenario): Promise<void> {
  const step: Step = STEPS[name];
  let turn = await host.turns.take();
  try {
    await using scene = await setScene(host, step);
    await within(ARRIVAL_MS, 'the run did not come to the step', arrival(scene));
    await FAULTS[fault](scene);
    const healsItself = !['agent and guard are killed', 'the server is shut down', 'the device stalls'].includes(fault);
    const heldUpMs = fault === 'hangs' ? (step.deadlineSeconds ?? 0) * 1000 : 0;
    const writersRunAgain =
      healsItself && expected.leaves === undefined ? host.writer.commitsWithin(heldUpMs + RELEASE_MS) : undefined;
    if (expected.slow) turn[Symbol.dispose]();
    const [run] = await Promise.all([
      within(END_MS, 'the run did not end', endOf(scene, step, fault)),
      writersRunAgain,
    ]);
    if (expected.slow) turn = await host.turns.take();

    if (fault !== 'hangs') await allAnswered(scene);
    await expectTruth(scene, run, expected);
    if (fault === 'agent and guard are killed' || expected.leaves) await expectThawPutsRight(scene, step, expected);
    await host.startAgain();
    await host.writer.commitsWithin(RELEASE_MS);
    scene.stop.say('go');
    await allAnswered(scene);
    await expectHostWhole(scene);
    await expectNoLyingGrade(scene);
  } finally {
    await host.makeFit();
    turn[Symbol.dispose]();
  }
}

/** The run comes to its step before it ends (what the guard does by itself, shortly after), or never. */
export async function arrival({ stop, ended }: Scene): Promise<void> {
  const missed = ended.then(async ({ stderr }) => {
    await sleep(GUARD_BEHIND_MS);
    throw new Error(`the run ended before it came to the step: ${stderr}`);
  });
  missed.catch(() => {});
  await Promise.race([stop.arrived, missed]);
}

/** The end of the run. A stall passes when, before the lock, the run has come to wait for it, or else after the run. */
async function endOf(scene: Scene, { when }: Step, fault: FaultName): Promise<AgentRun> {
  if (fault !== 'the device stalls') return scene.ended;
  let over = false;
  const ended = scene.ended.finally(() => {
    over = true;
  });
  const isWaiting = async () => when === 'before the lock' && (await scene.processes.list()).some(isStuckSync);
  while (!over && !(await isWaiting())) await sleep(POLL_MS);
  scene.host.storage.unstall();
  return ended;
}

const isStuckSync = ({ state, commandLine }: { state: string; commandLine: string }) =>
  state === 'D' && /(^|\/)sync /.test(commandLine);

/** Where nobody was left to thaw, or nobody could, `thaw` does it; where nothing was frozen it says so. */
async function expectThawPutsRight(scene: Scene, step: Step, { leaves }: Scenario): Promise<void> {
  if (step.every) scene.stop.say('go');
  const { status, stdout, stderr } = await within(THAW_MS, '`thaw` did not end', scene.thaw());
  expect(status, stderr).toBe(0);
  if (leaves === 'frozen') expect(JSON.parse(stdout).thawed).not.toEqual([]);
}

/** What was asked of EC2 before the end may be answered after it. */
export async function allAnswered({ aws }: Scene): Promise<void> {
  const isAnswered = () => {
    const open = aws.calls.filter(({ outcome }) => outcome === undefined).map(({ action }) => action);
    if (open.length > 0) throw new Error(`AWS has not answered within ${ANSWERED_MS} ms: ${open.join(', ')}`);
  };
  await vi.waitFor(isAnswered, { timeout: ANSWERED_MS, interval: POLL_MS });
}
