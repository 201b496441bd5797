/** At level crash: the longest commits in stretches with a set against those without, under the hostile load. */
import { spawnSync } from 'node:child_process';

const ROUNDS = 20;

const argv = ['dist/lab.cjs', 'disturb', '--json', '--level', 'crash', '--rounds', String(ROUNDS)];
const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
if (status !== 0) throw new Error(`the lab ended with ${status}: ${stderr.trim().split('\n').at(-1)}`);
const { rounds, withSetMs, withoutMs, ratio } = JSON.parse(stdout.trim().split('\n').at(-1));
console.log(
  process.argv.includes('--json')
    ? JSON.stringify({ rounds, withSetMs, withoutMs, ratio })
    : `longest commit ${withSetMs} ms with a set, ${withoutMs} ms without; ratio ${ratio} (medians of ${rounds} stretches each)`,
);
