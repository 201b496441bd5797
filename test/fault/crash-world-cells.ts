import { BROKEN, type Cell, ends } from './cells.ts';
import type { ChangeName } from './changes.ts';
import type { CrashStep } from './crash-steps.ts';
import { HELD_OPEN } from './world-cells.ts';

type Row = Readonly<Record<ChangeName, Cell>>;

const DONE = ends('done', { grade: 'crash' });
const IN_THE_SET = ends('done', { grade: 'crash', members: 3 });
const PLANNED_ANEW = ends('done', { grade: 'crash', members: 3, plannedAnew: true });
const ONE_TOO_MANY = ends('set-broken', { grade: 'broken', members: 3 });
const NOT_PROVABLE = ends('crash-not-provable');
const NOT_FOUND = ends('files-unresolved');
const NOT_FOUND_ANEW = ends('files-unresolved', { plannedAnew: true });
const NOT_WRITTEN = ends('write-failed');

/** The level rests on each: nothing proves under a lock that commits were durable. */
const settings = <C extends Cell>(cell: C) =>
  ({
    'flushing at commit is switched': cell,
    'flushing at commit is switched and back': cell,
    'syncing the binary log is switched': cell,
    'syncing the binary log is switched and back': cell,
  }) as const;

const planned: Row = {
  ...settings(BROKEN),
  'a table comes to another volume': PLANNED_ANEW,
  'a mount comes into the data directory': PLANNED_ANEW,
  'a mount covers a schema': ends('storage-unfit', { plannedAnew: true }),
  'the mount of the data is moved': NOT_FOUND_ANEW,
  'the binary log is unmounted': NOT_FOUND_ANEW,
  'the data is mounted read-only': NOT_WRITTEN,
  'a replication source is named': BROKEN,
  'a volume is attached': ONE_TOO_MANY,
  'a volume is exchanged': BROKEN,
  'the device of the data grows': BROKEN,
};

/** The file writer starts in the data directory, and is the first to go there. */
const noFolderForTheWriter: Row = { ...planned, 'the mount of the data is moved': NOT_WRITTEN };

const filesWritten: Row = { ...planned, 'the data is mounted read-only': DONE };
const ddlHeld: Row = { ...filesWritten, 'a table comes to another volume': DONE };
const filesSettled: Row = {
  ...ddlHeld,
  'a mount comes into the data directory': BROKEN,
  'a mount covers a schema': BROKEN,
  'the mount of the data is moved': BROKEN,
  'the binary log is unmounted': BROKEN,
};
const captured: Row = { ...filesSettled, 'a volume is attached': DONE, 'a volume is exchanged': DONE };
/** What recovery rests on is looked at once more: also what cannot touch the set any more breaks it. */
const released: Row = {
  ...captured,
  'a mount comes into the data directory': DONE,
  'a mount covers a schema': DONE,
  'a replication source is named': DONE,
  'the device of the data grows': DONE,
};

/** What comes of every change at every step at level `crash`. The type lets no cell be left out. */
export const CRASH_WORLD_CELLS: Readonly<Record<CrashStep, Row>> = {
  'ask the server for its files': {
    ...settings(NOT_PROVABLE),
    'a table comes to another volume': IN_THE_SET,
    'a mount comes into the data directory': IN_THE_SET,
    'a mount covers a schema': ends('storage-unfit'),
    'the mount of the data is moved': NOT_FOUND,
    'the binary log is unmounted': NOT_FOUND,
    'the data is mounted read-only': NOT_WRITTEN,
    'a replication source is named': DONE,
    'a volume is attached': ONE_TOO_MANY,
    'a volume is exchanged': BROKEN,
    'the device of the data grows': ends('volume-unresolved'),
  },
  'see that it is this server': {
    ...planned,
    'a table comes to another volume': IN_THE_SET,
    'a mount comes into the data directory': BROKEN,
    'a mount covers a schema': BROKEN,
    'the mount of the data is moved': NOT_FOUND,
    'the binary log is unmounted': NOT_FOUND,
  },
  'ask who we are': planned,
  'prove the permission': noFolderForTheWriter,
  'write the files': { ...planned, 'the data is mounted read-only': HELD_OPEN },
  'sync ahead': filesWritten,
  'look for other backups': filesWritten,
  'prove the permission again': filesWritten,

  'prepare the session': filesWritten,
  'keep out DDL': filesWritten,
  'look at the files again': ddlHeld,
  'sync while DDL waits': filesSettled,
  'create the set': filesSettled,
  'prove that it is the same connection': captured,
  'prove the lock held': captured,
  'prove the settings unchanged': captured,
  unlock: released,

  'prove the recovery exact': released,
  'raise the grade': {
    ...settings(DONE),
    'a table comes to another volume': DONE,
    'a mount comes into the data directory': DONE,
    'a mount covers a schema': DONE,
    'the mount of the data is moved': DONE,
    'the binary log is unmounted': DONE,
    'the data is mounted read-only': DONE,
    'a replication source is named': DONE,
    'a volume is attached': DONE,
    'a volume is exchanged': DONE,
    'the device of the data grows': DONE,
  },
};
