import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planSnapshot } from '../../../src/agent/plan/plan-snapshot.ts';
import { renderPlan } from '../../../src/agent/report/plan-text.ts';
import { summary } from '../../../src/agent/report/summary.ts';
import { printable } from '../../../src/shared/printable.ts';
import { REQUEST } from '../../support/snapshot-request.ts';
import { factsOf } from '../agent/plan/some-facts.ts';

/** Clears the screen, turns the text round, and forges a line. */
const HOSTILE = '\u001b[2J\u009b31m\u202egnp.\u2028\noutcome    done';

it.each([
  ['\u001b[31mred\u001b[0m', '�[31mred�[0m'],
  ['one\ntwo\r\u0007', 'one�two��'],
  ['\u009b31m \u202eabc\u2029', '�31m �abc�'],
  ['Zürich, 東京, 🐬', 'Zürich, 東京, 🐬'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

it('nothing is left that could steer a terminal, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(printable(text)).not.toMatch(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u);
    }),
  );
});

it('what is without measure is cut', () => {
  expect(printable('x'.repeat(10_000_000)).length).toBeLessThan(10_000);
});

it('a summary has a line for each of its rows and no other', () => {
  const text = summary({ v: 1, run: 'r1', outcome: 'failed', message: HOSTILE, binlog: HOSTILE });
  expect(text.trimEnd().split('\n')).toHaveLength(3);
  expect(text).not.toContain('\u001b');
});

it('a plan shows no name of the host as it is', async () => {
  const facts = await factsOf('loop-devices');
  const mounts = facts.storage.mounts.map((mount) => ({ ...mount, mountPoint: `/data${HOSTILE}` }));
  const named = { ...facts, instance: { ...facts.instance, name: HOSTILE }, storage: { ...facts.storage, mounts } };
  const text = renderPlan(planSnapshot(REQUEST, named));
  expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\p{Cf}/u);
  expect(text).not.toMatch(/^outcome/m);
  expect(text).toContain('�[2J');
});
