import stringWidth from 'string-width';
import { expect, it } from 'vitest';
import type { FleetEvent } from '../../../../../src/controller/events.ts';
import { drawView, nextView, type View } from '../../../../../src/controller/runs/show/live-view.ts';
import { host } from '../../fakes.ts';

const progress = { type: 'progress', targets: 4, completed: 1, errors: 0 } as const;
const looked = {
  type: 'looked',
  atWork: [{ instance: host(1), name: '注文データベース', since: new Date(10_000) }],
  longestStallMs: 90,
} as const;
const after = (...events: readonly FleetEvent[]): View =>
  events.reduce<View>((view, event) => nextView(view, event, 10_000), {});

it('is drawn from what is known and the time alone', () => {
  const view = after(progress, looked);
  expect(drawView(view, 20_000, 200)).toEqual([
    '1 of 4 hosts: 1 ended well, 1 at work, 2 waiting; about 30 s left',
    `at work the longest: ${host(1)} (注文データベース) 10 s`,
    'longest stall so far: 90 ms',
  ]);
  expect(drawView(view, 20_000, 200)).toEqual(drawView(after(progress, looked), 20_000, 200));
});

it('fits into the width of the terminal whatever the names are', () => {
  for (const width of [40, 50, 51, 60]) {
    for (const line of drawView(after(progress, looked), 20_000, width)) {
      expect(stringWidth(line)).toBeLessThanOrEqual(width);
    }
  }
});

it('of a new wave shows nothing of the one before', () => {
  const wave = { type: 'wave-started', wave: 2, waves: 2, hosts: 4 } as const;
  expect(drawView(after(progress, looked, wave), 20_000, 200)).toEqual([]);
  expect(drawView(after(progress, looked, wave, progress), 20_000, 200)).toEqual([
    'wave 2 of 2: 1 of 4 hosts: 1 ended well, 3 to go; about 30 s left',
  ]);
});
