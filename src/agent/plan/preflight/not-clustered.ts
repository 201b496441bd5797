import type { Check } from './refusal.ts';

/** A lock on one member stalls or evicts it: that takes steps (desynchronising) that this version does not know. */
export const notClustered: Check = ({ server }) =>
  server.clustered === undefined
    ? []
    : [
        {
          code: 'server-unsupported',
          message: `the server is a member of a ${server.clustered === 'galera' ? 'Galera cluster' : 'replication group'}, which this version does not support`,
          hint: 'Snapshot an asynchronous replica of the cluster instead.',
        },
      ];
