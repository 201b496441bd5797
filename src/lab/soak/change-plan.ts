import type { ChangeKind } from '../changes/change.ts';
import { type PlannedChange as DrawnChange, planChanges } from '../changes/change-plan.ts';
import { between, fraction } from '../random.ts';
import type { Flavour } from '../servers/flavour.ts';
import { elementAt } from './kill-plan.ts';
import { API_LATENCY_MS, spread } from './spread.ts';
import { STORAGE_CHANGES, type StorageChange } from './storage-change.ts';

/** One change of the world during a run, drawn beforehand. */
export interface PlannedChange {
  readonly kind: 'change';
  /** 1, 2 …, in the order in which they are made. */
  readonly number: number;
  /** When: the fraction of an undisturbed run's duration. */
  readonly moment: number;
  readonly change: WorldChange;
  /** How long EC2 takes for CreateSnapshots. */
  readonly apiLatencyMs: number;
}

/** Of what the server knows; or below it, until the run is over. */
export type WorldChange =
  | {
      readonly of: 'server';
      readonly change: DrawnChange['change'];
      /** How long until it is undone, should the run not be over before: a fraction like `moment`. */
      readonly lasts: number;
    }
  | { readonly of: 'storage'; readonly change: StorageChange };

const KILLS_A_CHANGE = 4;
const SERVER_CHANGES: readonly ChangeKind[] = [
  'flush setting',
  'flush setting and back',
  'table elsewhere',
  'redo log off',
];

/** Draws the changes that come on top of so many kills: of server and storage in turn. The same seed draws the same. */
export function planWorldChanges(seed: string, kills: number, flavour: Flavour['name']): readonly PlannedChange[] {
  const count = Math.ceil(kills / KILLS_A_CHANGE);
  const draw = (what: string, number: number) => fraction(`${seed}/world/${what}/${number}`);
  const moments = spread(`${seed}/world`, count);
  return planChanges(`${seed}/world`, count, flavour, SERVER_CHANGES).map(({ number, change, lasts }, index) => {
    const storage = elementAt(STORAGE_CHANGES, draw('storage', number)) ?? STORAGE_CHANGES[0];
    return {
      kind: 'change',
      number,
      moment: moments[index] ?? 0,
      change: number % 2 === 1 ? { of: 'server', change, lasts } : { of: 'storage', change: storage },
      apiLatencyMs: between(API_LATENCY_MS, draw('latency', number)),
    };
  });
}
