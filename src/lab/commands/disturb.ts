import { disturb } from '../disturbance/measure-disturbance.ts';
import { disturbanceOf } from '../disturbance/stretch.ts';
import { withLab } from '../standing/standing-lab.ts';
import type { Context, ExitStatus } from './context.ts';
import { type LabArguments, labOptions, levelOf, wholeNumber } from './options.ts';

const MOST_ROUNDS = 1_000;

export interface DisturbArguments extends Omit<LabArguments, 'hosts'> {
  readonly level: string;
  readonly rounds: string;
}

/** `disturb`: the result is printed when the lab has been taken away. */
export async function disturbCommand(given: DisturbArguments, context: Context): Promise<ExitStatus> {
  const options = labOptions({ ...given, hosts: '1' }, context.dist);
  const asked = { level: levelOf(given.level), rounds: wholeNumber('--rounds', given.rounds, 1, MOST_ROUNDS) };
  const stretches = await withLab('disturb', options, context.cancel, context.say, (lab) =>
    disturb(lab, { program: context.program, ...asked }, context.say),
  );
  const report = disturbanceOf(stretches);
  const { withSetMs, withoutMs, ratio, rounds } = report;
  const text = `The longest commit took ${withSetMs} ms in stretches with a set and ${withoutMs} ms without: ratio ${ratio} (medians of ${rounds} each).\n`;
  context.print(given.json ? `${JSON.stringify(report)}\n` : text);
  return 0;
}
