import { randomBytes } from 'node:crypto';
import { RunError } from '../../shared/errors.ts';
import type { SimulatedHost } from '../hosts/simulated-host.ts';
import { replicationDialect, type SourceAddress } from '../servers/replication-dialect.ts';
import { gtidOf, type Replica, startReplica } from './replica.ts';

/** Of a lab's hosts the first is the source, every other an ordinary asynchronous replica of it. */
export interface Replication extends AsyncDisposable {
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
  const root = await source.server.connect();
  for (const statement of dialect.createAccount(address.user, address.password)) await root.query(statement);
  const gtid = await gtidOf(root, flavour.gtidQuestion);

  const replicas: { readonly name: string; readonly replica: Replica }[] = [];
  const connections = [root];
  for (const { name, server } of others) {
    const connection = await server.connect();
    connections.push(connection);
    for (const statement of dialect.adoptHistory(gtid)) await connection.query(statement);
    replicas.push({ name, replica: await startReplica(connection, dialect, address, { by: 'gtid', gtid }, signal) });
  }
  return {
    source,
    address,
    sourceGtid: () => gtidOf(root, flavour.gtidQuestion),
    async followed(wanted) {
      for (const { name, replica } of replicas) {
        const error = await replica.caughtUp(wanted);
        if (error !== undefined)
          throw new RunError('rehearsal-failed', `the replica ${name} does not follow: ${error}`);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.destroy();
    },
  };
}
