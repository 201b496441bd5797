import { BROKEN, type Cell, DONE, ends, impossible, NOBODY_WAITS } from './cells.ts';
import type { ChangeName } from './changes.ts';
import type { StepName } from './steps.ts';

/** From the first question that the plan is made of: what changes before is there when the run begins. */
export type WorldStep = Exclude<
  StepName,
  | 'check the prerequisites'
  | 'forbid core dumps'
  | 'learn the identity'
  | 'take the run lock'
  | 'share the run lock'
  | 'thaw what an earlier run left'
  | 'take the writers’ lock'
  | 'connect to the server'
>;

type Row = Readonly<Record<ChangeName, Cell>>;

const IN_THE_SET = ends('done', { grade: 'application', members: 3 });
const PLANNED_ANEW = ends('done', { grade: 'application', members: 3, plannedAnew: true });
const ONE_TOO_MANY = ends('set-broken', { grade: 'broken', members: 3 });
const NOT_FOUND = ends('files-unresolved');
const NOT_FOUND_ANEW = ends('files-unresolved', { plannedAnew: true });
const UNFIT_ANEW = ends('storage-unfit', { plannedAnew: true });
const NOT_WRITTEN = ends('write-failed');
/** The kernel refuses it. */
export const HELD_OPEN = impossible('the file writer has files open there for writing, so the mount is busy');
const WAITS_FOR_THE_THAW = impossible('it writes, so it is made at the thaw: before the proof or behind it');

/** A level at which the redo log is flushed and proven under the lock rests on neither. */
const SETTINGS = {
  'flushing at commit is switched': DONE,
  'flushing at commit is switched and back': DONE,
  'syncing the binary log is switched': DONE,
  'syncing the binary log is switched and back': DONE,
} as const;

/** What EC2 has is read; the plan has it. */
const volumesToCome = {
  'a volume is attached': DONE,
  'a volume is exchanged': DONE,
  'the device of the data grows': DONE,
} as const;

/** The plan has what EC2 had before, and its devices are not looked at yet. */
const volumesKnown = {
  'a volume is attached': ONE_TOO_MANY,
  'a volume is exchanged': BROKEN,
  'the device of the data grows': ends('volume-unresolved'),
} as const;

const filesToCome = {
  ...SETTINGS,
  'a table comes to another volume': IN_THE_SET,
  'a mount comes into the data directory': IN_THE_SET,
  'a mount covers a schema': ends('storage-unfit'),
  'the mount of the data is moved': NOT_FOUND,
  'the binary log is unmounted': NOT_FOUND,
  'the data is mounted read-only': NOT_WRITTEN,
  'a replication source is named': DONE,
} as const;

/** The server has named its files; where they lie is not looked at yet. */
const filesKnown = { ...filesToCome, 'a replication source is named': BROKEN } as const;

/** Before the second look at the files. */
const planned = {
  ...SETTINGS,
  'a table comes to another volume': PLANNED_ANEW,
  'a mount comes into the data directory': PLANNED_ANEW,
  'a mount covers a schema': UNFIT_ANEW,
  'the mount of the data is moved': NOT_FOUND_ANEW,
  'the binary log is unmounted': NOT_FOUND_ANEW,
  'the data is mounted read-only': NOT_WRITTEN,
  'a replication source is named': BROKEN,
  'a volume is attached': ONE_TOO_MANY,
  'a volume is exchanged': BROKEN,
  'the device of the data grows': BROKEN,
} as const;

/** The file writer has its temporary files open. */
const filesOpen = { ...planned, 'the data is mounted read-only': HELD_OPEN } as const;

/** DDL is held back: a table comes when all is over. */
const ddlHeld = { ...filesOpen, 'a table comes to another volume': DONE } as const;

const filesSettled = {
  ...ddlHeld,
  'a mount comes into the data directory': BROKEN,
  'a mount covers a schema': BROKEN,
  'the mount of the data is moved': BROKEN,
  'the binary log is unmounted': BROKEN,
} as const;

const filesWritten = { ...filesSettled, 'the data is mounted read-only': DONE } as const;

const frozen = { ...filesWritten, 'a replication source is named': WAITS_FOR_THE_THAW } as const;

const captured = {
  ...filesWritten,
  'a volume is attached': DONE,
  'a volume is exchanged': DONE,
} as const;

const capturedAndFrozen = { ...captured, 'a replication source is named': WAITS_FOR_THE_THAW } as const;

const everywhere = (cell: Cell): Row => ({
  'a table comes to another volume': cell,
  'flushing at commit is switched': cell,
  'flushing at commit is switched and back': cell,
  'syncing the binary log is switched': cell,
  'syncing the binary log is switched and back': cell,
  'a mount comes into the data directory': cell,
  'a mount covers a schema': cell,
  'the mount of the data is moved': cell,
  'the binary log is unmounted': cell,
  'the data is mounted read-only': cell,
  'a replication source is named': cell,
  'a volume is attached': cell,
  'a volume is exchanged': cell,
  'the device of the data grows': cell,
});

/** What comes of every change at every step, from plan to unlock. The type lets no cell be left out. */
export const WORLD_CELLS: Readonly<Record<WorldStep, Row>> = {
  'ask the server for its files': { ...filesToCome, ...volumesKnown },
  'get credentials': { ...filesKnown, ...volumesToCome },
  'describe the instance': { ...filesKnown, ...volumesToCome },
  'describe the volumes': { ...filesKnown, ...volumesToCome },
  'count the pending snapshots': { ...filesKnown, ...volumesKnown },
  // Where the server has another file open, or none is found, the plan is made once more.
  'see that it is this server': {
    ...planned,
    'a table comes to another volume': IN_THE_SET,
    'a mount comes into the data directory': BROKEN,
    'a mount covers a schema': BROKEN,
    'the mount of the data is moved': NOT_FOUND,
    'the binary log is unmounted': NOT_FOUND,
  },
  'ask whether the run id is used': planned,
  'ask who we are': planned,
  'start the guard': planned,
  'start the syncer': planned,
  'start the file writer': planned,
  'probe the file systems': planned,
  'open the files': { ...planned, 'the mount of the data is moved': NOT_WRITTEN },
  'look for long statements': filesOpen,
  'sync ahead': filesOpen,
  'look for other backups': filesOpen,
  'prove the permission': filesOpen,
  'look for long statements again': filesOpen,

  'prepare the session': filesOpen,
  'keep out DDL': filesOpen,
  'look at the files again': ddlHeld,
  'keep out commits': filesSettled,
  'read the coordinates': filesSettled,
  'prove the redo log durable': filesSettled,
  'write the files': filesSettled,
  'read the coordinates again': filesWritten,
  'sync under the lock': filesWritten,
  freeze: frozen,
  'create the set': frozen,
  thaw: capturedAndFrozen,
  'thaw, at every try': capturedAndFrozen,
  'prove that it is the same connection': captured,
  'prove the lock held': captured,
  'prove the coordinates unmoved': captured,
  'prove the settings unchanged': captured,
  unlock: everywhere(DONE),

  'forget the freeze': everywhere(NOBODY_WAITS),
  'raise the grade': everywhere(DONE),
  'look for the set': everywhere(ends('outcome-unknown', { grade: 'unproven' })),
};
