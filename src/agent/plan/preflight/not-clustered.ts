import type { Check } from './refusal.ts';

/**
 * A read lock on one member is felt by all of them.
 * Galera [src: desync_and_pause in MariaDB's backup.cc and lock.cc; Percona's manual]: it takes the node out of flow
 * control and pauses its provider, for which lock_wait_timeout is no bound; afterwards the node catches up, and flow
 * control holds back the writes of all nodes meanwhile.
 * Group Replication [doc: Flow Control]: the member applies nothing under the lock; once its queue is above
 * group_replication_flow_control_applier_threshold, the others throttle their writes to what it manages.
 */
const WHAT_A_LOCK_DOES = {
  galera: {
    message:
      'the server is a member of a Galera cluster: a read lock pauses its provider, however long that takes, and while it catches up afterwards flow control may hold back the writes of every node',
    hint: 'Snapshot an asynchronous replica of the cluster, or a node that was restarted with wsrep_on = OFF for it and joins again afterwards.',
  },
  'group-replication': {
    message:
      'the server is a member of a replication group: under a read lock it applies nothing, and as its queue grows flow control throttles the writes of the other members',
    hint: 'Snapshot an asynchronous replica of the group, or a secondary that was restarted without the plugin group_replication for it and joins again afterwards.',
  },
} as const;

export const notClustered: Check = ({ server: { clustered } }, { level }) =>
  clustered === undefined || level === 'crash' ? [] : [{ code: 'server-unsupported', ...WHAT_A_LOCK_DOES[clustered] }];
