import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A statement that is held back. */
export interface HeldStatement {
  /** No verdict comes before the client has gone: the statement goes with it. */
  readonly hangs: boolean;
  /** `refuse`: an error is answered instead; `lose`: it is done, and the connection ends without its answer. */
  pass(): Promise<'go' | 'refuse' | 'lose'>;
}

/** Stands between the agent and the server's socket: sees every statement, and holds those that are to be stopped. */
export interface SqlProxy extends AsyncDisposable {
  readonly socket: string;
  /** Every statement that came, in order. */
  readonly statements: readonly string[];
  /** Those that the server has answered. */
  readonly answered: readonly string[];
  /** The server's own id of the agent's connection, once there is one. */
  readonly connectionId: number | undefined;
  /** Waits until the server has ended the agent's connection, where there is one. */
  serverLetGo(): Promise<void>;
}

/** What holds back a statement, where there is anything; `earlier` are those that came before it. A connection asks for ''. */
export type AtStatement = (sql: string, earlier: readonly string[]) => HeldStatement | undefined;

export async function startSqlProxy(socket: string, serverSocket: string, at: AtStatement): Promise<SqlProxy> {
  const statements: string[] = [];
  const answered: string[] = [];
  const conversations = new Set<Conversation>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    conversations.add(new Conversation(client, serverSocket, at, { statements, answered }));
  });
  server.listen(socket);
  await once(server, 'listening');
  return {
    socket,
    statements,
    answered,
    get connectionId() {
      return [...conversations].at(-1)?.connectionId;
    },
    async serverLetGo() {
      await Promise.all([...conversations].map((each) => each.serverLetGo()));
    },
    async [Symbol.asyncDispose]() {
      for (const each of conversations) each.cut();
      server.close();
      await once(server, 'close');
    },
  };
}

/** MySQL's protocol: three bytes of length, one of sequence, then the payload; a command begins a new sequence. */
const HEADER_BYTES = 4;
const COM_QUERY = 0x03;
/** Where client and server agreed on query attributes (MySQL >= 8.0.25), their number, and that of their sets, comes first. */
const NO_ATTRIBUTES = '\0\x01';
/** After the greeting's protocol version comes the server version, ended by a zero, then the id of the connection. */
const GREETING_VERSION_AT = HEADER_BYTES + 1;

/** What all conversations have said so far. */
interface Said {
  readonly statements: string[];
  readonly answered: string[];
}

class Conversation {
  connectionId: number | undefined;
  readonly #client: Socket;
  readonly #at: AtStatement;
  readonly #said: Said;
  #unanswered: string | undefined;
  #server: Socket | undefined;
  #unread = Buffer.alloc(0);
  #losesNextAnswer = false;
  #heldAt: HeldStatement | undefined;
  /** What the client has sent is dealt with in order, one after the other. */
  #work: Promise<void>;

  constructor(client: Socket, serverSocket: string, at: AtStatement, said: Said) {
    this.#client = client;
    this.#at = at;
    this.#said = said;
    client.on('error', () => {});
    client.on('data', (chunk) => this.#then(() => this.#take(chunk)));
    for (const farewell of ['end', 'close']) client.on(farewell, () => this.#leave());
    this.#work = this.#connect(serverSocket);
  }

  async serverLetGo(): Promise<void> {
    if (this.#server !== undefined && !this.#server.closed) await once(this.#server, 'close');
  }

  cut(): void {
    this.#client.destroy();
    this.#server?.destroy();
  }

  /** What a client had sent before it went, the server still does, unless that is what hangs. */
  #leave(): void {
    if (this.#heldAt?.hangs) this.#server?.destroy();
    this.#then(async () => void this.#server?.end());
  }

  #then(work: () => Promise<void>): void {
    this.#work = this.#work.then(work);
  }

  async #connect(serverSocket: string): Promise<void> {
    if ((await this.#at('', [])?.pass()) === 'refuse') {
      this.#client.end(errorPacket(0, 1040, 'Too many connections'));
      return;
    }
    const server = connect(serverSocket);
    this.#server = server;
    server.on('error', () => {});
    server.on('data', (chunk) => this.#answer(chunk));
    server.on('close', () => this.#client.destroy());
  }

  #answer(chunk: Buffer): void {
    this.connectionId ??= chunk.readUInt32LE(chunk.indexOf(0, GREETING_VERSION_AT) + 1);
    if (this.#unanswered !== undefined) this.#said.answered.push(this.#unanswered);
    this.#unanswered = undefined;
    if (this.#losesNextAnswer) this.cut();
    else this.#client.write(chunk);
  }

  async #take(chunk: Buffer): Promise<void> {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    while (this.#unread.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#unread.readUIntLE(0, 3);
      if (this.#unread.length < end) return;
      const packet = this.#unread.subarray(0, end);
      this.#unread = this.#unread.subarray(end);
      await this.#forward(packet);
    }
  }

  async #forward(packet: Buffer): Promise<void> {
    const isStatement = packet[3] === 0 && packet[HEADER_BYTES] === COM_QUERY;
    const sql = isStatement ? packet.toString('utf8', HEADER_BYTES + 1).replace(NO_ATTRIBUTES, '') : undefined;
    this.#heldAt = sql === undefined ? undefined : this.#at(sql, this.#said.statements);
    if (sql !== undefined) this.#said.statements.push(sql);
    switch (await this.#heldAt?.pass()) {
      case 'refuse':
        this.#client.write(errorPacket(1, 1105, 'refused by the test'));
        return;
      case 'lose':
        this.#losesNextAnswer = true;
    }
    this.#unanswered = sql;
    this.#server?.write(packet);
  }
}

function errorPacket(sequence: number, errno: number, message: string): Buffer {
  const payload = Buffer.from(`\xff\0\0#HY000${message}`, 'latin1');
  payload.writeUInt16LE(errno, 1);
  const header = Buffer.from([0, 0, 0, sequence]);
  header.writeUIntLE(payload.length, 0, 3);
  return Buffer.concat([header, payload]);
}
