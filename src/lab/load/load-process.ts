import mysql from 'mysql2/promise';
import { messageOf } from '../../shared/errors.ts';
import type { Commit, Ledger, LoadReport, Work } from './ledger.ts';
import { createSchema, SCHEMA } from './schema.ts';
import { ddlWorker, innodbWriter, logRotator, longReader, myisamWriter, type Worker, work } from './workers.ts';

/** The hidden verb under which the lab starts itself as a load. */
export const LOAD_VERB = 'write-load';

/** What a load is to write to. */
export interface LoadOrders {
  readonly socket: string;
  readonly ledgers: readonly Ledger[];
}

export type ToLoad =
  | { readonly kind: 'start'; readonly orders: LoadOrders }
  | { readonly kind: 'count' }
  | { readonly kind: 'throttle' }
  | { readonly kind: 'stop' };
export type FromLoad =
  | { readonly kind: 'ready' }
  | { readonly kind: 'running' }
  | { readonly kind: 'counted'; readonly work: Work }
  | { readonly kind: 'report'; readonly report: LoadReport }
  | { readonly kind: 'failed'; readonly message: string };

const INNODB_WRITERS = 4;
/** The factor by which a throttled load lengthens its workers' pauses. */
const THROTTLED_SLOWNESS = 20;

/** What a running load is told by its parent. */
interface Reins {
  slowness: number;
  readonly stop: AbortController;
}

/**
 * The hostile write load, in a process of its own so that it holds up nobody's event loop and nobody's is its excuse.
 * It is told what to do by its parent, and ends with it.
 */
export async function runLoadProcess(): Promise<void> {
  const reins: Reins = { slowness: 1, stop: new AbortController() };
  // The parent hangs up when it has heard the end, or has died.
  process.on('disconnect', () => process.exit(0));
  // Whoever interrupts the lab interrupts the lab alone; the lab ends its load.
  process.on('SIGINT', () => undefined);
  const done = { ledger_innodb: 0, ledger_myisam: 0, ddl: 0, flushLogs: 0, longReads: 0 };
  const orders = await new Promise<LoadOrders>((resolve) => {
    process.on('message', (message: ToLoad) => {
      if (message.kind === 'start') resolve(message.orders);
      else if (message.kind === 'count') tell({ kind: 'counted', work: done });
      else if (message.kind === 'throttle') reins.slowness = THROTTLED_SLOWNESS;
      else reins.stop.abort();
    });
    tell({ kind: 'ready' });
  });
  try {
    tell({ kind: 'report', report: await load(orders, done, reins) });
  } catch (error) {
    tell({ kind: 'failed', message: messageOf(error) });
  }
}

/** `done` is kept up to date while it runs. */
async function load(
  { socket: socketPath, ledgers }: LoadOrders,
  done: { -readonly [Kind in keyof Work]: number },
  reins: Reins,
): Promise<LoadReport> {
  const commits: Commit[] = [];
  const acknowledged = (commit: Commit) => {
    commits.push(commit);
    done[commit.ledger] += 1;
  };
  const connect = (database?: string) =>
    mysql.createConnection({ socketPath, user: 'root', ...(database && { database }) });
  const first = await connect();
  await createSchema(first, ledgers);
  await first.end();

  const workers: Worker[] = [
    ...Array.from({ length: INNODB_WRITERS }, (_, index) => innodbWriter(index + 1, acknowledged)),
    ...(ledgers.includes('ledger_myisam') ? [myisamWriter(1, acknowledged)] : []),
    ddlWorker(() => {
      done.ddl += 1;
    }),
    logRotator(() => {
      done.flushLogs += 1;
    }),
    longReader(() => {
      done.longReads += 1;
    }),
  ];
  tell({ kind: 'running' });
  await Promise.all(
    workers.map(async (worker) => {
      const connection = await connect(SCHEMA);
      try {
        await work(worker, connection, () => reins.slowness, reins.stop.signal);
      } finally {
        // One worker that fails ends the load: its silence would make the proof weaker than it looks.
        reins.stop.abort();
        connection.destroy();
      }
    }),
  );
  const { ddl, flushLogs, longReads } = done;
  return { ledgers, commits, hostility: { ddl, flushLogs, longReads } };
}

function tell(message: FromLoad): void {
  process.send?.(message);
}
