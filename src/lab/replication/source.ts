import { randomBytes } from 'node:crypto';
import type { Connection } from 'mysql2/promise';
import { RunError } from '../../shared/errors.ts';
import type { SimulatedHost } from '../hosts/simulated-host.ts';
import { replicationDialect, type SourceAddress } from '../servers/replication-dialect.ts';
import { catchUp, gtidOf, startReplica } from './replica.ts';

/** Of a lab's hosts the first is the source, every other an ordinary asynchronous replica of it. */
export interface Replication {
  readonly source: SimulatedHost;
  readonly address: SourceAddress;
  /** Everything that is in the source's binary log by now. */
  sourceGtid(): Promise<string>;
  /** Waits until every replica among the hosts has executed that. Throws RunError `rehearsal-failed` where one cannot. */
  followed(gtid: string): Promise<void>;
}

const ACCOUNT = 'replication';

/** Makes the replicas. Before the source has a load: what it has written so far is its own, and no replica's. */
export async function startReplication(hosts: readonly SimulatedHost[], signal: AbortSignal): Promise<Replication> {
  const [source, ...others] = hosts;
  if (source?.server.tcpPort === undefined) throw new RunError('bug', 'a source needs a port');
  const address: SourceAddress = {
    port: source.server.tcpPort,
    user: ACCOUNT,
    password: randomBytes(16).toString('hex'),
  };
  const { flavour } = source.server.distribution;
  const dialect = replicationDialect(flavour.name);
  const sourceGtid = () => asRoot(source, (root) => gtidOf(root, flavour.gtidQuestion));
  await asRoot(source, async (root) => {
    for (const statement of dialect.createAccount(address.user, address.password)) await root.query(statement);
  });
  const gtid = await sourceGtid();
  for (const replica of others) {
    await asRoot(replica, async (root) => {
      for (const statement of dialect.adoptHistory(gtid)) await root.query(statement);
      await startReplica(root, dialect, address, { by: 'gtid', gtid });
    });
  }
  return {
    source,
    address,
    sourceGtid,
    async followed(wanted) {
      for (const replica of others) {
        const error = await asRoot(replica, (root) => catchUp(root, dialect, wanted, signal));
        if (error === undefined) continue;
        throw new RunError('rehearsal-failed', `the replica ${replica.name} does not follow: ${error}`);
      }
    },
  };
}

/** By a connection of its own: a server may be restarted in between. */
async function asRoot<T>({ server }: SimulatedHost, ask: (root: Connection) => Promise<T>): Promise<T> {
  const root = await server.connect();
  try {
    return await ask(root);
  } finally {
    root.destroy();
  }
}
