import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Connection, FieldPacket } from 'mysql2/promise';

/** A row as it goes over the wire: the columns' names and texts. */
export type WireRow = Readonly<Record<string, string | null>>;

/** The server's end of a connection, for lies that rows cannot tell. */
export interface Wire {
  /** An error as the server sends it. */
  readonly refuse: (errno: number, message: string) => void;
  /** The columns of an answer that does not end by itself. */
  readonly columns: (...names: string[]) => void;
  /** A row; `false` where the client should be given time to take it. */
  readonly row: (...values: (string | null)[]) => boolean;
  /** A packet of whatever bytes. */
  readonly packet: (payload: Buffer) => void;
  readonly socket: Socket;
}

/** What is said to a statement in place of the truth: rows, or what is done to the connection. */
export type Lie = (statement: string, truth: readonly WireRow[]) => readonly WireRow[] | ((wire: Wire) => void);

/**
 * A server that passes every statement on to a real one and answers the truth, as far as `lie` leaves it. `truth` opens
 * a connection to the real server for each one that is made to the liar.
 */
export async function lyingServer(path: string, truth: () => Promise<Connection>, lie: Lie): Promise<AsyncDisposable> {
  const open = new Set<Socket>();
  const server = createServer(async (socket) => {
    open.add(socket);
    socket.on('error', () => {});
    const real = await truth();
    socket.on('close', () => real.destroy());
    // A client that goes away in the middle has heard enough.
    await converse(socket, real, lie).catch(() => {});
  }).listen(path);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const COM_QUERY = 3;
const OK = Buffer.from([0, 0, 0, 2, 0, 0, 0]);
const EOF = Buffer.from([0xfe, 0, 0, 2, 0]);

async function converse(socket: Socket, real: Connection, lie: Lie): Promise<void> {
  const wire = new ServerEnd(socket);
  wire.packet(greeting(real.threadId));
  for await (const { sequence, payload } of packetsOf(socket)) {
    wire.sequence = sequence;
    if (sequence > 0) wire.packet(OK);
    if (sequence > 0 || payload[0] !== COM_QUERY) continue;
    const statement = payload.subarray(1).toString();
    const lied = lie(statement, await ask(real, statement, wire));
    if (wire.sequence > 0) continue;
    if (typeof lied === 'function') lied(wire);
    else wire.answer(lied);
  }
}

/** The rows of the real server; what it refuses is passed on at once. */
async function ask(real: Connection, statement: string, wire: ServerEnd): Promise<readonly WireRow[]> {
  try {
    const typeCast: Parameters<Connection['query']>[0]['typeCast'] = (field) => field.string();
    const [rows] = (await real.query({ sql: statement, typeCast })) as [WireRow[] | object, FieldPacket[]];
    return Array.isArray(rows) ? rows : [];
  } catch (error) {
    const { errno = 1105, message } = error as { errno?: number; message: string };
    wire.refuse(errno, message);
    return [];
  }
}

class ServerEnd implements Wire {
  readonly socket: Socket;
  sequence = -1;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  answer(rows: readonly WireRow[]): void {
    const [first] = rows;
    if (first === undefined) {
      this.packet(OK);
      return;
    }
    this.columns(...Object.keys(first));
    for (const row of rows) this.row(...Object.values(row));
    this.packet(EOF);
  }

  refuse = (errno: number, message: string): void =>
    this.packet(Buffer.concat([Buffer.from([0xff, errno & 0xff, errno >> 8]), Buffer.from(`#HY000${message}`)]));

  columns = (...names: string[]): void => {
    this.packet(lengthOf(names.length));
    for (const name of names) this.packet(Buffer.concat([...['def', '', '', '', name, ''].map(counted), COLUMN]));
    this.packet(EOF);
  };

  row = (...values: (string | null)[]): boolean => {
    this.packet(Buffer.concat(values.map((value) => (value === null ? Buffer.from([0xfb]) : counted(value)))));
    return !this.socket.writableNeedDrain;
  };

  packet = (payload: Buffer): void => {
    this.sequence++;
    const { length } = payload;
    const header = Buffer.from([length & 0xff, (length >> 8) & 0xff, length >> 16, this.sequence & 0xff]);
    this.socket.write(Buffer.concat([header, payload]));
  };
}

/** utf8mb4, VAR_STRING. */
const COLUMN = Buffer.from([0x0c, 45, 0, 0xff, 0xff, 0, 0, 0xfd, 0, 0, 0, 0, 0]);

const counted = (text: string): Buffer => Buffer.concat([lengthOf(Buffer.byteLength(text)), Buffer.from(text)]);

function lengthOf(length: number): Buffer {
  if (length < 0xfb) return Buffer.from([length]);
  return Buffer.from([0xfd, length & 0xff, (length >> 8) & 0xff, length >> 16]);
}

/** Protocol 10, with the method that asks for a scrambled password and takes any. */
function greeting(connection: number): Buffer {
  const id = Buffer.alloc(4);
  id.writeUInt32LE(connection);
  return Buffer.concat([
    Buffer.from('\n10.11.0-MariaDB\0'),
    id,
    Buffer.from('scramble\0'),
    // PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, LONG_PASSWORD; utf8mb4; autocommit; PLUGIN_AUTH.
    Buffer.from([0x01, 0xa2, 45, 2, 0, 0x08, 0, 21]),
    Buffer.alloc(10),
    Buffer.from('andtwelvemor\0mysql_native_password\0'),
  ]);
}

async function* packetsOf(socket: Socket): AsyncGenerator<{ sequence: number; payload: Buffer }> {
  let pending = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    pending = Buffer.concat([pending, chunk]);
    for (let length = lengthIn(pending); pending.length >= 4 + length; length = lengthIn(pending)) {
      yield { sequence: pending[3] ?? 0, payload: pending.subarray(4, 4 + length) };
      pending = pending.subarray(4 + length);
    }
  }
}

const lengthIn = (bytes: Buffer): number => (bytes.length < 4 ? Number.POSITIVE_INFINITY : bytes.readUIntLE(0, 3));
