import { once } from 'node:events';
import { Socket } from 'node:net';
import mysql from 'mysql2/promise';
import { RunError } from '../../shared/errors.ts';
import type { ConnectionOptions } from '../options/connection-options.ts';
import { type Row, type ServerQuestion, ServerRefusal, type ServerSession } from '../ports.ts';
import { signScramble } from './ed25519-password.ts';
import { applySessionSettings } from './session-settings.ts';
import { identifySocket } from './socket-owner.ts';
import { sslOptions } from './ssl-options.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 30_000;

/** Access denied, in its several numbers (both flavours). */
const DENIED = new Set([1044, 1045, 1130, 1142, 1227, 1698, 1820, 1862, 3118]);
/** The server does not know the statement, the table, the column or the variable. */
const UNKNOWN = new Set([1054, 1064, 1109, 1146, 1193, 1235]);

/**
/**
 * Opens the one connection of a run. Values arrive as text, so that nothing is rounded on the way. The session inherits
 * no setting that its questions depend on. Throws RunError `server-unreachable`, `server-denied`, `server-unsupported`, or
 * `server-untrusted` before anything is sent; never with the password in the message.
 */
export async function connectToServer(options: ConnectionOptions): Promise<ServerSession> {
  const where = options.socket ?? `${options.host}:${options.port}`;
  let connection: mysql.Connection | undefined;
  try {
    const ssl = options.tls && sslOptions(options.tls);
    const stream = await openStream(options);
    connection = await mysql.createConnection({
      // With `stream` the driver does not connect by itself; it still has to know that a socket is no network.
      ...(options.socket !== undefined && { socketPath: options.socket }),
      ...(ssl !== undefined && { host: options.host, ssl }),
      stream: () => stream,
      user: options.user,
      ...(options.password !== undefined && { password: options.password }),
      connectTimeout: CONNECT_TIMEOUT_MS,
      charset: 'utf8mb4',
      // As bytes, so that no character set that the server names for a column is believed.
      typeCast: (field) => field.buffer()?.toString('utf8') ?? null,
      // The driver would make a program of the columns' names.
      disableEval: true,
      authPlugins: {
        client_ed25519: () => async (data) => signScramble(options.password ?? '', data),
      },
    });
    const session = new MysqlSession(connection, stream, where);
    await applySessionSettings(session);
    return session;
  } catch (error) {
    connection?.destroy();
    if (error instanceof RunError && error.code !== 'connection-lost') throw error;
    const { errno = 0, code = '', message } = error as { errno?: number; code?: string; message: string };
    if (UNPROVEN.has(code)) throw new RunError('server-untrusted', `${where}: ${message}`, { hint: CA, cause: error });
    const plugin = PLUGIN_ERRORS.has(code) ? UNSPOKEN.exec(message)?.[1] : undefined;
    if (plugin !== undefined) {
      const why = `the account '${options.user}' uses ${plugin}, which this agent does not speak`;
      throw new RunError('server-denied', `${where}: ${why}`, { hint: ANOTHER_PLUGIN, cause: error });
    }
    if (DENIED.has(errno)) throw new RunError('server-denied', `${where}: ${message}`, { cause: error });
    throw new RunError('server-unreachable', `${where}: ${message}`, { cause: error });
  }
}

/** As the driver says it; passwords in clear (PAM, LDAP) it knows and does not send. */
const PLUGIN_ERRORS = new Set(['AUTH_SWITCH_PLUGIN_ERROR', 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED']);
const UNSPOKEN = /using (?:unknown plugin )?([\w-]{1,64})[.,]/;
const ANOTHER_PLUGIN =
  'ALTER USER … IDENTIFIED VIA unix_socket (the account root) or mysql_native_password; on MySQL WITH caching_sha2_password.';

/** The server offers no TLS, or its certificate is signed by another CA. */
const UNPROVEN = new Set(['HANDSHAKE_NO_SSL_SUPPORT', 'HANDSHAKE_SSL_ERROR']);
const CA = 'Reach the server over its socket, or see that ssl-ca in the option file names the CA of its certificate.';

/** Connects, and checks who is at the other end before a byte is sent there. */
async function openStream({ socket, host, port }: ConnectionOptions): Promise<BoundedSocket> {
  const before = socket === undefined ? undefined : identifySocket(socket);
  const stream = new BoundedSocket();
  stream.setNoDelay();
  stream.setTimeout(CONNECT_TIMEOUT_MS, () => stream.destroy(new Error('connect ETIMEDOUT')));
  if (socket !== undefined) stream.connect(socket);
  else stream.connect(port, host);
  await once(stream, 'connect');
  stream.setTimeout(0);
  stream.removeAllListeners('timeout');
  if (socket !== undefined && identifySocket(socket) !== before) {
    stream.destroy();
    throw new RunError('server-untrusted', `socket ${socket}: replaced while connecting`, { hint: 'Run again.' });
  }
  return stream;
}

/** No answer to any of our questions is near as long; what is longer would fill the memory. */
const LONGEST_ANSWER_BYTES = 16 * 1024 * 1024;

/** A socket that ends where the answer to one question does not. */
class BoundedSocket extends Socket {
  #heard = 0;

  nextAnswer(): void {
    this.#heard = 0;
  }

  override push(chunk: Buffer | null): boolean {
    this.#heard += chunk?.length ?? 0;
    if (this.#heard <= LONGEST_ANSWER_BYTES) return super.push(chunk);
    this.destroy(new Error(`an answer of more than ${LONGEST_ANSWER_BYTES} bytes`));
    return false;
  }
}

class MysqlSession implements ServerSession {
  readonly #connection: mysql.Connection;
  readonly #stream: BoundedSocket;
  readonly address: string;
  #lost: string | undefined;

  constructor(connection: mysql.Connection, stream: BoundedSocket, address: string) {
    this.address = address;
    this.#connection = connection;
    this.#stream = stream;
    connection.on('error', (error: Error) => this.#lose(error.message));
    connection.on('end', () => this.#lose('the server closed it'));
  }

  get connectionId(): number {
    return this.#connection.threadId;
  }

  async run(sql: string, timeoutMs = ANSWER_TIMEOUT_MS): Promise<readonly Row[]> {
    if (this.#lost !== undefined) throw this.#lostError();
    this.#stream.nextAnswer();
    try {
      const [rows] = await this.#connection.query({ sql, timeout: timeoutMs });
      return Array.isArray(rows) ? (rows as Row[]) : [];
    } catch (error) {
      const { errno, code, message, sqlState } = error as {
        errno?: number;
        code?: string;
        message: string;
        sqlState?: string;
      };
      // Only the server sends an SQL state: everything else is the connection.
      if (sqlState !== undefined && errno !== undefined) throw new ServerRefusal(errno, message);
      this.#lose(code === 'PROTOCOL_SEQUENCE_TIMEOUT' ? `no answer within ${timeoutMs} ms` : message);
      this.#connection.destroy();
      throw this.#lostError();
    }
  }

  async ask({ sql, name, optional, patienceMs }: ServerQuestion): Promise<readonly Row[]> {
    try {
      return await this.run(sql, patienceMs);
    } catch (error) {
      if (!(error instanceof ServerRefusal)) throw error;
      if (optional && UNKNOWN.has(error.errno)) return [];
      throw new RunError(
        DENIED.has(error.errno) ? 'server-denied' : 'server-unsupported',
        `${name}: ${error.message}`,
        { cause: error },
      );
    }
  }

  /** Ends the connection without a farewell: the server drops the session, and with it whatever it held. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#lost ??= 'it was closed';
    this.#connection.destroy();
  }

  #lose(reason: string): void {
    this.#lost ??= reason;
  }

  #lostError(): RunError {
    return new RunError('connection-lost', `connection ${this.connectionId} to the server: ${this.#lost}`);
  }
}
