import { between, fraction } from '../random.ts';
import type { Flavour } from '../servers/flavour.ts';
import { type Change, type ChangeKind, flushSettings } from './change.ts';

/** One change, drawn beforehand. Fractions are from 0 up to, not including, 1. */
export interface PlannedChange {
  /** 1, 2 …, in the order in which they are drawn. */
  readonly number: number;
  /** When: the fraction of a stretch of time that the caller knows. */
  readonly moment: number;
  /** How long until it is undone: a fraction of the same stretch. Beyond its end: not before that. */
  readonly lasts: number;
  readonly change: Change;
}

/**
 * Draws so many changes of these kinds; a kind that is named twice is drawn twice as often. The same seed
 * draws the same changes. MariaDB cannot disable its redo log: there the kind is left out.
 */
export function planChanges(
  seed: string,
  count: number,
  flavour: Flavour['name'],
  kinds: readonly ChangeKind[],
): readonly PlannedChange[] {
  const settings = flushSettings(flavour);
  const possible = kinds.filter((kind) => kind !== 'redo log off' || flavour === 'mysql');
  const changeOf = (kind: ChangeKind, number: number, at: number): readonly Change[] => {
    switch (kind) {
      case 'flush setting':
      case 'flush setting and back':
        return elementAt(settings, at).map((setting) => ({ kind, ...setting }));
      case 'redo log off':
        return [{ kind }];
      case 'table elsewhere':
        return [{ kind, table: `t_${number}` }];
    }
  };
  return Array.from({ length: count }, (_, index) => index + 1).flatMap((number) => {
    const draw = (what: string) => fraction(`${seed}/change/${what}/${number}`);
    return elementAt(possible, draw('kind'))
      .flatMap((kind) => changeOf(kind, number, draw('setting')))
      .map((change) => ({ number, moment: draw('moment'), lasts: draw('lasts'), change }));
  });
}

/** The element of a list at a fraction of its length, alone; nothing of an empty one. */
function elementAt<T>(list: readonly T[], at: number): readonly T[] {
  const index = between({ least: 0, most: list.length - 1 }, at);
  return list.slice(index, index + 1);
}
