import { vi } from 'vitest';
import type { Scenario } from '../cells.ts';
import { CHANGES, type ChangeName } from '../changes.ts';
import type { Step } from '../steps.ts';
import type { FaultHost } from './fault-host.ts';
import { ARRIVAL_MS, allAnswered, arrival, END_MS } from './play.ts';
import { type Scene, setScene } from './scene.ts';
import { expectNoLyingGrade, expectTruth } from './truth.ts';
import { expectHostWhole } from './whole.ts';
import { within } from './within.ts';

/** Plays one scenario: the run is stopped at the step, the world changes, and the run goes on to its end. */
export async function playChange(host: FaultHost, step: Step, change: ChangeName, expected: Scenario): Promise<void> {
  using _turn = await host.turns.take();
  try {
    await using scene = await setScene(host, step);
    await within(ARRIVAL_MS, 'the run did not come to the step', arrival(scene));
    await besideIsRead(scene, step);
    {
      await using _change = await CHANGES[change](scene);
      scene.stop.say('go');
      const run = await within(END_MS, 'the run did not end', scene.ended);
      await allAnswered(scene);
      await expectTruth(scene, run, expected);
    }
    await expectHostWhole(scene);
    await expectNoLyingGrade(scene);
  } finally {
    await host.makeFit();
  }
}

/** Server and AWS are asked at once: whoever is not stopped has said what he is asked for, so it is known what comes after it. */
async function besideIsRead({ server, aws }: Scene, { beside }: Step): Promise<void> {
  const isRead = {
    server: () => server.answered.some((sql) => /^SHOW ALL SLAVES STATUS/.test(sql)),
    aws: () => aws.calls.some(({ action, outcome }) => action === 'DescribeSnapshots' && outcome !== undefined),
  };
  if (beside !== undefined) await vi.waitUntil(isRead[beside], { timeout: ARRIVAL_MS, interval: 10 });
}
