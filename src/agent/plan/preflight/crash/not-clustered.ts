import { notProvable, type Obligation } from './obligation.ts';

/** A member recovers together with the others: what its own image ends at was looked at by nobody here. */
export const notClustered: Obligation = ({ clustered }) =>
  clustered === undefined
    ? []
    : [
        notProvable(
          'the server is a member of a cluster: that the recovery of one member ends at exact coordinates has not been proven',
          'Snapshot an asynchronous replica of the cluster.',
        ),
      ];
