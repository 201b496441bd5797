import { expect } from 'vitest';
import type { AgentRun } from './one-host.ts';

/** One line for a person that names what is wrong, one with the remedy, no trace; the same on stdout for a program. */
export function expectClear(run: AgentRun, status: number, code: string, names: string): void {
  expect(run.result).toMatchObject({ code, message: expect.stringContaining(names) });
  expect(run.result?.hint).not.toBe('');
  expect(run.status).toBe(status);
  expect(run.stdout.trim().split('\n')).toHaveLength(1);
  expect(run.stderr).toContain(names);
  expect(run.stderr).not.toMatch(/^\s+at /m);
}
