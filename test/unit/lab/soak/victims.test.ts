import { expect, test } from 'vitest';
import type { HostProcess } from '../../../../src/lab/soak/host-processes.ts';
import { planKills } from '../../../../src/lab/soak/kill-plan.ts';
import { chooseVictim } from '../../../../src/lab/soak/victims.ts';

const AGENT = 100;
const agent: HostProcess = { pid: AGENT, session: AGENT, argv: ['node', 'agent.cjs', 'snapshot'] };
const writer: HostProcess = {
  pid: 101,
  session: AGENT,
  argv: ['bash', '--norc', '--noprofile', '-c', 'program', 'file-writer'],
};
const guard = [200, 201, 202].map(
  (pid): HostProcess => ({ pid, session: 200, argv: ['bash', '--norc', '--noprofile', '-c', 'it', 'guard', '12'] }),
);
const freezer: HostProcess = { pid: 203, session: 200, argv: ['fsfreeze', '--freeze', '/data'] };

const chosen = (processes: readonly HostProcess[]) => {
  const victims = planKills('any', 300).map((kill) => chooseVictim(kill, AGENT, processes));
  return new Set(victims.map(({ name, signal, pids }) => `${name}: ${signal} ${pids.join(' ')}`));
};

test('before there is a guard, only the agent and its process group can be killed', () => {
  expect(chosen([agent])).toEqual(
    new Set(['agent: SIGKILL 100', 'process group: SIGKILL -100', 'agent (SIGTERM): SIGTERM 100']),
  );
});

test('the guard is killed as a whole or in part, with its fsfreeze, and never together with the agent', () => {
  expect(chosen([agent, writer, ...guard, freezer])).toEqual(
    new Set([
      'agent: SIGKILL 100',
      'process group: SIGKILL -100',
      'agent (SIGTERM): SIGTERM 100',
      'whole guard: SIGKILL 200 201 202 203',
      'one of the guard: SIGKILL 200',
      'one of the guard: SIGKILL 201',
      'one of the guard: SIGKILL 202',
      'one of the guard: SIGKILL 203',
    ]),
  );
});
