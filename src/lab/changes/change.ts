import type { Flavour } from '../servers/flavour.ts';

/**
 * What may change in the world of a server while a set of it is taken. A new kind has its fields here, its draw in
 * `change-plan.ts`, its effect and its undo in `apply-change.ts`.
 */
export type Change =
  /** Until it is undone. */
  | { readonly kind: 'flush setting'; readonly setting: string; readonly value: number }
  /** Changed and changed back at once: whoever looks twice sees the same value twice. */
  | { readonly kind: 'flush setting and back'; readonly setting: string; readonly value: number }
  /** MySQL's alone: from ALTER INSTANCE DISABLE INNODB REDO_LOG until it is undone. */
  | { readonly kind: 'redo log off' }
  /** A table on another volume, into which rows are committed until it is dropped. */
  | { readonly kind: 'table elsewhere'; readonly table: string };

export type ChangeKind = Change['kind'];

/** The settings that say when a commit reaches redo log and binary log, and what they are changed to: other than 1. */
const FLUSH_SETTINGS: Readonly<Record<Flavour['name'], Readonly<Record<string, readonly number[]>>>> = {
  mariadb: {
    innodb_flush_log_at_trx_commit: [0, 2],
    sync_binlog: [0, 100],
    // At innodb_flush_log_at_trx_commit = 0 every statement that waits for the redo log waits this many seconds.
    innodb_flush_log_at_timeout: [2, 5],
  },
  mysql: { innodb_flush_log_at_trx_commit: [0, 2], sync_binlog: [0, 100] },
};

/** Every setting of a flavour with every value that it may be changed to. */
export const flushSettings = (flavour: Flavour['name']): readonly { setting: string; value: number }[] =>
  Object.entries(FLUSH_SETTINGS[flavour]).flatMap(([setting, values]) => values.map((value) => ({ setting, value })));

/** Whether it sets one of them, changed back or not. */
export const isFlushSetting = ({ kind }: Change): boolean =>
  kind === 'flush setting' || kind === 'flush setting and back';

/** For people. */
export function describeChange(change: Change): string {
  switch (change.kind) {
    case 'flush setting':
      return `${change.setting} set to ${change.value}`;
    case 'flush setting and back':
      return `${change.setting} set to ${change.value} and back`;
    case 'redo log off':
      return 'redo logging disabled';
    case 'table elsewhere':
      return `table ${change.table} created on another volume`;
  }
}
