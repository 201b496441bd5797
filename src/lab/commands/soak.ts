import { ERRORS } from '../../shared/errors.ts';
import { checkRoot } from '../machine/lab-folder.ts';
import { INSTALLED_SERVER } from '../servers/server-name.ts';
import { CaptureWitness } from '../soak/capture-witness.ts';
import { isUnhurt, reportOf, summarize } from '../soak/report.ts';
import { type SoakOptions, soak } from '../soak/soak.ts';
import { type LabOptions, withLab } from '../standing/standing-lab.ts';
import type { Context, ExitStatus } from './context.ts';
import { seedOf, wholeNumber } from './options.ts';

/** The options of `soak`, as commander hands them over: text, not yet proven. */
export interface SoakArguments {
  readonly json?: true;
  readonly kills: string;
  readonly seed?: string;
  readonly root: string;
}

const MOST_KILLS = 100_000;

/** `soak`: the result is printed when the lab has been taken away. */
export async function soakCommand(given: SoakArguments, context: Context): Promise<ExitStatus> {
  const options: SoakOptions = {
    kills: wholeNumber('--kills', given.kills, 1, MOST_KILLS),
    seed: seedOf(given.seed),
    program: context.program,
  };
  const witness = new CaptureWitness();
  const lab: LabOptions = {
    root: checkRoot(given.root),
    dist: context.dist,
    hosts: 1,
    server: INSTALLED_SERVER,
    durability: '1/1',
    apiLatencyMs: 0,
    store: witness,
  };
  const runs = await withLab('soak', lab, context.cancel, context.say, (standing) =>
    soak(standing, witness, options, context.say),
  );
  const report = reportOf(runs, options.seed);
  if (isUnhurt(report)) {
    context.print(given.json ? `${JSON.stringify(report)}\n` : summarize(runs, options.seed));
    return 0;
  }
  const code = 'soak-failed';
  const { meaning: message, hint, exit } = ERRORS[code];
  context.print(given.json ? `${JSON.stringify({ ...report, code, message, hint })}\n` : summarize(runs, options.seed));
  return exit;
}
