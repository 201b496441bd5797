import type { Flavour } from '../servers/flavour.ts';
import { type PlannedChange, planWorldChanges } from './change-plan.ts';
import { type PlannedKill, planKills } from './kill-plan.ts';
import { type PlannedStop, planStops } from './stop-plan.ts';

/** What a run meets, drawn beforehand. */
export type PlannedStrike = PlannedKill | PlannedStop | PlannedChange;

/** So many kills, and on top of them stops and changes in proportion, spread evenly among them. */
export function planSoak(seed: string, kills: number, flavour: Flavour['name']): readonly PlannedStrike[] {
  const kinds: readonly (readonly PlannedStrike[])[] = [
    planKills(seed, kills),
    planStops(seed, kills),
    planWorldChanges(seed, kills, flavour),
  ];
  return kinds
    .flatMap((strikes) => strikes.map((strike) => ({ strike, place: (strike.number - 0.5) / strikes.length })))
    .toSorted((a, b) => a.place - b.place)
    .map(({ strike }) => strike);
}
