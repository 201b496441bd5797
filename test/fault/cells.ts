import type { ErrorCode } from '../../src/shared/errors.ts';
import type { Grade } from '../../src/shared/result.ts';
import type { FaultName } from './faults.ts';
import type { StepName } from './steps.ts';

/** How a run ends: well, with a code of the error table, or killed, with nobody left to say anything. */
export type Ending = 'done' | 'killed' | ErrorCode;

/** A step struck by a fault: what comes of it, or why there is no such thing. */
export type Cell = Scenario | Impossible;

export interface Scenario {
  readonly ends: Ending;
  /** What the set is graded when the run has ended; absent where there is none. */
  readonly grade?: Grade;
  /** How many volumes the set has, where it is not data and binary log. */
  readonly members?: number;
  /** What changed behind the plan was met before commits waited. */
  readonly plannedAnew?: true;
  /** Nobody could thaw, or forget that it was frozen: `thaw` has to. */
  readonly leaves?: 'frozen' | 'a record';
  /** A deadline of half a minute or more has to pass, and whether a lock is held for so long. */
  readonly slow?: 'holding nothing' | 'holding a lock';
  /** Takes too long for every gate: played where the whole grid is. */
  readonly inTheWholeGridOnly?: true;
}

export interface Impossible {
  readonly impossible: string;
}

type Row = Readonly<Record<FaultName, Cell>>;

export const ends = (ending: Ending, more: Omit<Scenario, 'ends'> = {}): Scenario => ({ ends: ending, ...more });
export const impossible = (reason: string): Impossible => ({ impossible: reason });

export const DONE = ends('done', { grade: 'application' });
export const BROKEN = ends('set-broken', { grade: 'broken' });
const KILLED = ends('killed');

const ONLY_READS = impossible('it only reads: an answer that is lost is one that does not come');
const ONLY_LINE = impossible('it says one word and lives on: a word that is lost is one that does not come');
const NO_GUARD_YET = impossible('the guard has not been started');
const GUARD_HAS_THAWED = impossible('the guard has thawed, and has nothing left to do but to forget it');
export const NOBODY_WAITS = impossible('the agent does not wait for this, it is struck at the steps of its own');
const NO_CONNECTION = impossible('there is no connection yet');
const ORDER_GIVEN = impossible('the order has been given');
const NEVER_FROZEN = impossible('nothing is frozen here: the guard has no thawer');

/** The agent dies, and the server drops what its connection held, if anything. */
const agentDies = { 'the agent is killed': KILLED, 'the group is killed': KILLED } as const;

/** The server ends the session, and with it the lock. */
const stopped = (ending: Ending, more: Omit<Scenario, 'ends'> = {}) =>
  ends(ending, { ...more, inTheWholeGridOnly: true });

const beforeTheGuard = {
  ...agentDies,
  'the agent is stopped': DONE,
  'the thawer is gone before the order': NO_GUARD_YET,
  'SIGTERM to the agent': ends('cancelled'),
  'the guard is killed': NO_GUARD_YET,
  'agent and guard are killed': NO_GUARD_YET,
} as const;

const beforeTheConnection = {
  ...beforeTheGuard,
  'the connection is killed': NO_CONNECTION,
  'the server is shut down': ends('server-unreachable'),
  'the device stalls': DONE,
} as const;

const afterTheConnection = {
  ...beforeTheGuard,
  'the connection is killed': ends('connection-lost'),
  'the server is shut down': ends('connection-lost'),
  'the device stalls': DONE,
} as const;

const afterTheGuard = {
  ...afterTheConnection,
  'the thawer is gone before the order': ends('freeze-failed'),
  'the guard is killed': ends('freeze-failed'),
  'agent and guard are killed': KILLED,
} as const;

const underTheLock = {
  ...agentDies,
  'the agent is stopped': stopped('connection-lost'),
  'the thawer is gone before the order': ends('freeze-failed'),
  'SIGTERM to the agent': DONE,
  'the guard is killed': ends('freeze-failed'),
  'agent and guard are killed': KILLED,
  'the connection is killed': ends('connection-lost'),
  'the server is shut down': ends('connection-lost'),
  'the device stalls': ends('freeze-unknown'),
} as const;

const afterTheSet = {
  'the agent is stopped': stopped('set-broken', { grade: 'broken' }),
  'the thawer is gone before the order': ORDER_GIVEN,
  'the agent is killed': ends('killed', { grade: 'unproven' }),
  'the group is killed': ends('killed', { grade: 'unproven' }),
  'agent and guard are killed': ends('killed', { grade: 'unproven' }),
  'SIGTERM to the agent': DONE,
  'the guard is killed': DONE,
  'the connection is killed': BROKEN,
  'the server is shut down': BROKEN,
  'the device stalls': DONE,
} as const;

const afterTheThaw = {
  ...afterTheSet,
  'the guard is killed': GUARD_HAS_THAWED,
  'agent and guard are killed': GUARD_HAS_THAWED,
} as const;

const afterTheUnlock = {
  ...afterTheThaw,
  'the agent is stopped': DONE,
  'the connection is killed': DONE,
  'the server is shut down': DONE,
} as const;

/** Every step struck by every fault. The type lets no cell be left out. */
export const CELLS: Readonly<Record<StepName, Row>> = {
  'check the prerequisites': {
    ...beforeTheConnection,
    throws: DONE,
    hangs: ends('host-unfit'),
    'the answer is lost': ONLY_READS,
  },
  'forbid core dumps': {
    ...beforeTheConnection,
    throws: ends('host-unfit'),
    hangs: ends('host-unfit'),
    'the answer is lost': ends('host-unfit'),
  },
  'learn the identity': {
    ...beforeTheConnection,
    throws: DONE,
    hangs: DONE,
    'the answer is lost': ONLY_READS,
  },
  'take the run lock': {
    ...beforeTheConnection,
    throws: ends('run-in-progress'),
    hangs: ends('host-unfit'),
    'the answer is lost': ends('host-unfit'),
  },
  'share the run lock': {
    ...beforeTheConnection,
    throws: ends('run-in-progress'),
    hangs: ends('host-unfit'),
    'the answer is lost': ends('host-unfit'),
  },
  'thaw what an earlier run left': {
    ...beforeTheConnection,
    throws: ends('thaw-failed', { leaves: 'frozen' }),
    hangs: ends('thaw-failed', { leaves: 'frozen' }),
    'the answer is lost': ends('thaw-failed', { leaves: 'a record' }),
    'the agent is killed': ends('killed', { leaves: 'a record' }),
    'the group is killed': ends('killed', { leaves: 'frozen' }),
  },
  'take the writers’ lock': {
    ...beforeTheConnection,
    throws: ends('run-in-progress'),
    hangs: ends('host-unfit'),
    'the answer is lost': ends('host-unfit'),
  },
  'connect to the server': {
    ...beforeTheConnection,
    throws: ends('server-unreachable'),
    hangs: ends('server-unreachable'),
    'the answer is lost': impossible('a connection that does not answer is one that hangs'),
  },
  'ask the server for its files': {
    ...afterTheConnection,
    throws: ends('server-unsupported'),
    hangs: ends('connection-lost', { slow: 'holding nothing' }),
    'the answer is lost': ONLY_READS,
  },
  'get credentials': {
    ...afterTheConnection,
    throws: ends('no-credentials'),
    hangs: ends('no-credentials'),
    'the answer is lost': ONLY_READS,
  },
  'describe the instance': {
    ...afterTheConnection,
    throws: ends('aws-unreachable'),
    hangs: ends('aws-unreachable', { slow: 'holding nothing' }),
    'the answer is lost': ONLY_READS,
  },
  'describe the volumes': {
    ...afterTheConnection,
    throws: ends('aws-unreachable'),
    hangs: ends('aws-unreachable', { slow: 'holding nothing' }),
    'the answer is lost': ONLY_READS,
  },
  'count the pending snapshots': {
    ...afterTheConnection,
    throws: DONE,
    hangs: DONE,
    'the answer is lost': ONLY_READS,
  },
  'see that it is this server': {
    ...afterTheConnection,
    // The plan is made once more, and the look that it takes then succeeds.
    throws: DONE,
    hangs: DONE,
    'the answer is lost': ONLY_READS,
  },
  'ask whether the run id is used': {
    ...afterTheConnection,
    throws: ends('aws-unreachable'),
    hangs: ends('aws-unreachable', { slow: 'holding nothing' }),
    'the answer is lost': ONLY_READS,
  },
  'ask who we are': {
    ...afterTheConnection,
    throws: ends('aws-unreachable'),
    hangs: ends('aws-unreachable', { slow: 'holding nothing' }),
    'the answer is lost': ONLY_READS,
  },
  'start the guard': {
    ...afterTheConnection,
    'the guard is killed': ends('host-unfit'),
    'agent and guard are killed': KILLED,
    throws: ends('host-unfit'),
    hangs: ends('host-unfit'),
    'the answer is lost': ONLY_LINE,
  },
  'start the syncer': {
    ...afterTheGuard,
    throws: ends('host-unfit'),
    hangs: ends('host-unfit'),
    'the answer is lost': ONLY_LINE,
  },
  'start the file writer': {
    ...afterTheGuard,
    throws: ends('write-failed'),
    hangs: ends('write-failed'),
    'the answer is lost': ONLY_LINE,
  },
  'probe the file systems': {
    ...afterTheGuard,
    throws: DONE,
    hangs: ends('file-system-stuck'),
    'the answer is lost': DONE,
  },
  'open the files': {
    ...afterTheGuard,
    throws: ends('write-failed'),
    hangs: ends('file-system-stuck'),
    'the answer is lost': ends('write-failed'),
  },
  'look for long statements': {
    ...afterTheGuard,
    throws: ends('server-unsupported'),
    hangs: ends('connection-lost', { slow: 'holding nothing' }),
    'the answer is lost': ONLY_READS,
  },
  'sync ahead': {
    ...afterTheGuard,
    throws: ends('write-failed'),
    hangs: ends('file-system-stuck', { slow: 'holding nothing' }),
    'the answer is lost': ends('write-failed'),
  },
  'look for other backups': {
    ...afterTheGuard,
    throws: ends('server-denied'),
    hangs: ends('connection-lost', { slow: 'holding nothing' }),
    'the answer is lost': ends('connection-lost'),
    'the device stalls': ends('connection-lost'),
  },
  'prove the permission': {
    ...afterTheGuard,
    throws: ends('aws-unreachable'),
    hangs: ends('aws-unreachable', { slow: 'holding nothing' }),
    'the answer is lost': impossible('a dry run does nothing: an answer that is lost is one that does not come'),
    'the device stalls': ends('connection-lost'),
  },
  'look for long statements again': {
    ...afterTheGuard,
    throws: ends('server-unsupported'),
    hangs: ends('connection-lost', { slow: 'holding nothing' }),
    'the answer is lost': ONLY_READS,
    'the device stalls': ends('connection-lost'),
  },

  'prepare the session': {
    ...underTheLock,
    'the agent is stopped': DONE,
    throws: ends('lock-refused'),
    hangs: ends('connection-lost', { slow: 'holding nothing' }),
    'the answer is lost': ends('connection-lost'),
    'the device stalls': ends('connection-lost'),
  },
  'keep out DDL': {
    ...underTheLock,
    throws: ends('lock-refused'),
    hangs: ends('connection-lost', { slow: 'holding a lock' }),
    'the answer is lost': ends('connection-lost'),
    'the device stalls': ends('connection-lost'),
  },
  'look at the files again': {
    ...underTheLock,
    'the agent is stopped': ends('connection-lost'),
    throws: ends('done', { grade: 'application', plannedAnew: true }),
    // The server's own bound for an idle session is the first to end it.
    hangs: ends('connection-lost'),
    'the answer is lost': ONLY_READS,
    'the device stalls': ends('connection-lost'),
  },
  'keep out commits': {
    ...underTheLock,
    throws: ends('lock-refused'),
    hangs: ends('connection-lost'),
    'the answer is lost': ends('connection-lost'),
    'the device stalls': ends('connection-lost'),
  },
  'read the coordinates': {
    ...underTheLock,
    throws: ends('coordinates-unreadable'),
    hangs: ends('connection-lost'),
    'the answer is lost': ONLY_READS,
    'the device stalls': ends('redo-not-durable'),
  },
  'prove the redo log durable': {
    ...underTheLock,
    throws: ends('redo-not-durable'),
    hangs: ends('connection-lost'),
    'the answer is lost': ends('connection-lost'),
    'the device stalls': ends('redo-not-durable'),
  },
  'write the files': {
    ...underTheLock,
    'the agent is stopped': ends('connection-lost'),
    throws: ends('write-failed'),
    hangs: ends('write-failed'),
    'the answer is lost': ends('write-failed'),
  },
  'read the coordinates again': {
    ...underTheLock,
    throws: ends('coordinates-unreadable'),
    hangs: ends('connection-lost'),
    'the answer is lost': ONLY_READS,
  },
  'sync under the lock': {
    ...underTheLock,
    // The word of the syncer waits in its pipe, so the set is taken, though the server has ended the lock.
    'the agent is stopped': stopped('set-broken', { grade: 'broken' }),
    'the thawer is gone before the order': NEVER_FROZEN,
    throws: ends('write-failed'),
    hangs: ends('write-failed'),
    'the answer is lost': ends('write-failed'),
    'the guard is killed': DONE,
    'the connection is killed': BROKEN,
    'the server is shut down': BROKEN,
    'the device stalls': ends('write-failed'),
  },
  freeze: {
    ...underTheLock,
    'the agent is stopped': ends('freeze-failed'),
    'the thawer is gone before the order': ORDER_GIVEN,
    throws: ends('freeze-failed'),
    hangs: ends('freeze-unknown'),
    'the answer is lost': ends('freeze-failed'),
    'the connection is killed': BROKEN,
    'the server is shut down': BROKEN,
  },
  'create the set': {
    ...underTheLock,
    'the agent is stopped': ends('outcome-unknown', { grade: 'broken' }),
    'the thawer is gone before the order': ORDER_GIVEN,
    throws: ends('create-refused'),
    hangs: ends('outcome-unknown'),
    'the answer is lost': ends('outcome-unknown', { grade: 'unproven' }),
    'the agent is killed': ends('killed', { grade: 'unproven' }),
    'the group is killed': ends('killed', { grade: 'unproven' }),
    'the guard is killed': BROKEN,
    'agent and guard are killed': ends('killed', { grade: 'unproven', leaves: 'frozen' }),
    'the connection is killed': BROKEN,
    'the server is shut down': BROKEN,
    'the device stalls': DONE,
  },
  thaw: {
    ...afterTheSet,
    throws: DONE,
    hangs: BROKEN,
    'the answer is lost': BROKEN,
    'the guard is killed': BROKEN,
    'agent and guard are killed': ends('killed', { grade: 'unproven', leaves: 'frozen' }),
  },
  'thaw, at every try': {
    ...afterTheSet,
    throws: ends('thaw-failed', { grade: 'unproven', leaves: 'frozen' }),
    // As soon as it hangs no more, the guard thaws by itself.
    hangs: ends('thaw-failed', { grade: 'unproven', leaves: 'a record' }),
    'the answer is lost': BROKEN,
    'the guard is killed': BROKEN,
    'agent and guard are killed': ends('killed', { grade: 'unproven', leaves: 'frozen' }),
  },
  'prove that it is the same connection': {
    ...afterTheThaw,
    throws: BROKEN,
    hangs: BROKEN,
    'the answer is lost': ONLY_READS,
  },
  'prove the lock held': {
    ...afterTheThaw,
    throws: BROKEN,
    hangs: BROKEN,
    'the answer is lost': ONLY_READS,
  },
  'prove the coordinates unmoved': {
    ...afterTheThaw,
    throws: BROKEN,
    hangs: BROKEN,
    'the answer is lost': ONLY_READS,
  },
  'prove the settings unchanged': {
    ...afterTheThaw,
    throws: BROKEN,
    hangs: BROKEN,
    'the answer is lost': ONLY_READS,
  },
  unlock: {
    ...afterTheThaw,
    'the agent is stopped': DONE,
    throws: DONE,
    hangs: DONE,
    'the answer is lost': DONE,
    'the connection is killed': DONE,
    'the server is shut down': DONE,
  },

  'forget the freeze': {
    throws: DONE,
    hangs: DONE,
    'the answer is lost': DONE,
    'the guard is killed': DONE,
    'SIGTERM to the agent': NOBODY_WAITS,
    'the agent is killed': NOBODY_WAITS,
    'the group is killed': NOBODY_WAITS,
    'agent and guard are killed': NOBODY_WAITS,
    'the agent is stopped': NOBODY_WAITS,
    'the thawer is gone before the order': ORDER_GIVEN,
    'the connection is killed': NOBODY_WAITS,
    'the server is shut down': NOBODY_WAITS,
    'the device stalls': NOBODY_WAITS,
  },
  'raise the grade': {
    ...afterTheUnlock,
    'the agent is killed': ends('killed', { grade: 'application' }),
    'the group is killed': ends('killed', { grade: 'application' }),
    throws: ends('grade-unwritten', { grade: 'unproven' }),
    hangs: ends('grade-unwritten', { grade: 'unproven', slow: 'holding nothing' }),
    'the answer is lost': DONE,
  },
  'look for the set': {
    ...afterTheUnlock,
    throws: ends('outcome-unknown', { grade: 'unproven' }),
    hangs: ends('outcome-unknown', { grade: 'unproven', slow: 'holding nothing' }),
    'the answer is lost': ONLY_READS,
    'the agent is stopped': ends('outcome-unknown', { grade: 'unproven' }),
    'SIGTERM to the agent': ends('outcome-unknown', { grade: 'unproven' }),
    'the connection is killed': ends('outcome-unknown', { grade: 'unproven' }),
    'the server is shut down': ends('outcome-unknown', { grade: 'unproven' }),
    'the device stalls': ends('outcome-unknown', { grade: 'unproven' }),
  },
};
