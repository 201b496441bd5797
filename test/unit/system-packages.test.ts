import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { DEBOOTSTRAP_NEEDS } from '../../src/lab/servers/debootstrapped.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

it('a script that forgets to say what it needs is told so, instead of installing nothing', () => {
  const program = 'source scripts/lib/node.sh; source scripts/lib/system.sh; need_system_packages';
  const { status, stderr } = spawnSync('bash', ['-c', program], { cwd: ROOT, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('has to be told what is needed') });
});

it('the scripts install for other servers what the lab asks for', () => {
  const program = `source scripts/lib/node.sh; source scripts/lib/system.sh; printf '%s\\n' "\${OTHER_SERVERS_NEED[@]}"`;
  const { stdout } = spawnSync('bash', ['-c', program], { cwd: ROOT, encoding: 'utf8' });
  expect(stdout.trim().split('\n')).toEqual(Object.entries(DEBOOTSTRAP_NEEDS).map((need) => need.join(':')));
});
