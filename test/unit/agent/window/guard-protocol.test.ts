import { describe, expect, it } from 'vitest';
import { EVERY_FAULT, explore, PROTOCOL, type State } from '../../../support/guard-protocol.ts';

/** What no state may break, however it was reached. */
const INVARIANTS = {
  'what is frozen has a record': ({ frozen, record }: State) => !frozen || record,
  'what is frozen was asked for': ({ frozen, asked }: State) => !frozen || asked,
  'what is reported as thawed or refused is not frozen': ({ reported, frozen }: State) =>
    !frozen || !['thawed', 'not frozen'].includes(reported),
};

describe('the protocol of the guard', () => {
  it('leaves nothing frozen without a record, whoever dies and whatever fails', () => {
    const { states, broken } = explore(PROTOCOL, EVERY_FAULT, INVARIANTS);
    expect(broken).toEqual({});
    expect(states).toBeGreaterThan(1_000);
  });

  it('leaves nothing frozen at all while the thawer lives and the programs do their work', () => {
    const faults = { deaths: ['agent', 'main', 'holder'], commandsFail: false, freezeOutlastsDeadline: false } as const;
    const { ends } = explore(PROTOCOL, faults, INVARIANTS);
    expect(ends.filter(({ frozen }) => frozen)).toEqual([]);
    expect(ends.filter(({ asked }) => asked)).not.toEqual([]);
  });

  it('leaves nothing frozen at all where the thawer alone dies', () => {
    const faults = { deaths: ['thawer'], commandsFail: false, freezeOutlastsDeadline: true } as const;
    const { ends } = explore(PROTOCOL, faults, INVARIANTS);
    expect(ends.filter(({ frozen, record }) => frozen || record)).toEqual([]);
  });

  it('leaves no record behind a run without a fault', () => {
    const faults = { deaths: [], commandsFail: false, freezeOutlastsDeadline: true } as const;
    const { ends } = explore(PROTOCOL, faults, INVARIANTS);
    expect(ends.filter(({ record, frozen }) => record || frozen)).toEqual([]);
    expect(new Set(ends.map(({ reported }) => reported))).toEqual(new Set(['nothing', 'thawed', 'not frozen']));
  });

  it('has neither thawer nor record of what another program has frozen once that is said, whoever dies then', () => {
    const faults = { ...EVERY_FAULT, commandsFail: false };
    const invariants = {
      'what was refused has no record': ({ reported, record }: State) => reported !== 'not frozen' || !record,
      'what was refused has no armed thawer': ({ reported, thawer, toThawer }: State) =>
        reported !== 'not frozen' || thawer !== 'armed' || toThawer.includes('disarm'),
    };
    expect(explore(PROTOCOL, faults, invariants).broken).toEqual({});
    const before = explore({ ...PROTOCOL, declinesLast: false }, faults, invariants);
    expect(Object.keys(before.broken).sort()).toEqual(Object.keys(invariants).sort());
  });

  it('is not the one of before, which froze unasked and reported a thaw that had not happened', () => {
    const rules = { freezesOnTheWordAlone: false, unarmedEndIsNoThaw: false, declinesLast: false };
    const before = explore(rules, EVERY_FAULT, INVARIANTS);
    expect(Object.keys(before.broken).sort()).toEqual(Object.keys(INVARIANTS).sort());
    const half = explore({ ...PROTOCOL, freezesOnTheWordAlone: false }, EVERY_FAULT, INVARIANTS);
    expect(half.broken).toHaveProperty('what is frozen was asked for');
  });
});
