import { dirname, join } from 'node:path';
import { messageOf, RunError } from '../../shared/errors.ts';
import type { ServerFacts, ServerVersion } from '../discovery/facts.ts';
import { mayAskServer, type Planned } from '../plan/plan-snapshot.ts';
import { type HostReader, type Processes, ServerRefusal, type ServerSession } from '../ports.ts';
import { readCoordinates, requireBinlog } from './coordinates.ts';
import { fileIdentities } from './file-identities.ts';
import { STATEMENT_DEADLINE_MS } from './proof.ts';

/** What the witness is looked for with. */
export interface WitnessPorts {
  readonly host: HostReader;
  readonly processes: Pick<Processes, 'run'>;
}

const HINT = 'The server seems to live in a container or on another host: run the agent where its files are.';

/**
 * Adds a refusal where the server that we are connected to is not shown to be the one whose files we see: a server in a
 * container, or behind a forwarded port, names the same paths, and this host may have files of another one there.
 *
 * The witness: the thread of our connection belongs to a process of this host that holds the planned system tablespace open,
 * by device and inode; every planned path leads to the same file in that process's own view; and on MySQL `auto.cnf` in the
 * data directory has the server's UUID. A server in a container whose files are the same is fine.
 */
export async function refuseOtherServer(
  planned: Planned,
  session: ServerSession,
  ports: WitnessPorts,
): Promise<Planned> {
  if (!mayAskServer(planned)) return planned;
  const { facts, lock } = planned.plan;
  // Coordinates that cannot be read under the lock are met here, before any commit waits.
  if (facts.server.binlogEnabled) requireBinlog(await readCoordinates(session, lock), lock);
  const missing = await whatIsNotShown(facts.server, session, ports).catch((error: unknown) => {
    if (error instanceof RunError && error.code === 'connection-lost') throw error;
    return messageOf(error);
  });
  if (missing === undefined) return planned;
  const refusal = { code: 'files-unresolved', message: missing, hint: HINT } as const;
  return { ...planned, refusals: [...planned.refusals, refusal] };
}

async function whatIsNotShown(
  server: ServerFacts,
  session: ServerSession,
  ports: WitnessPorts,
): Promise<string | undefined> {
  const tablespace = server.files.find(({ role }) => role === 'system-tablespace')?.path;
  if (tablespace === undefined) return 'the server names no system tablespace';
  const [planned] = await fileIdentities(ports.processes, [tablespace]);
  if (planned === undefined) return `${tablespace} is not on this host`;
  const pid = await findProcess(session, server, planned, ports);
  if (pid === undefined) return `no process of this host that serves this connection has ${tablespace} open`;
  const paths = [...new Set(server.files.map(({ path }) => path))];
  return (await differentInItsView(pid, paths, ports)) ?? (await otherUuid(server, ports.host));
}

/** The process of our connection's thread, if it has the file open: the one that the server names, else any that fits. */
async function findProcess(
  session: ServerSession,
  server: ServerFacts,
  file: string,
  ports: WitnessPorts,
): Promise<number | undefined> {
  const thread = await threadOf(session, server.version);
  const named =
    thread === undefined ? await pidFromFile(session, server, ports.host) : await groupOf(thread, ports.host);
  if (named !== undefined && (await holdsOpen(named, file, ports))) return named;
  if (thread === undefined) return undefined;
  // In a container the number is that of its own pid namespace: the last one that the kernel shows of the thread.
  for (const name of (await ports.host.list('/proc')) ?? []) {
    if (!/^\d+$/.test(name) || !(await hasThread(name, thread, ports.host))) continue;
    if (await holdsOpen(Number(name), file, ports)) return Number(name);
  }
  return undefined;
}

/** [doc: threads.THREAD_OS_ID; information_schema.PROCESSLIST.TID]; `undefined` where performance_schema is off, or
 * (before MySQL 8.0) not ours to read. */
async function threadOf(session: ServerSession, { flavour }: ServerVersion): Promise<number | undefined> {
  const sql =
    flavour === 'mariadb'
      ? 'SELECT TID AS thread FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()'
      : 'SELECT THREAD_OS_ID AS thread FROM performance_schema.threads WHERE PROCESSLIST_ID = CONNECTION_ID()';
  try {
    const [row] = await session.run(sql, STATEMENT_DEADLINE_MS);
    return positiveNumber(row?.['thread']);
  } catch (error) {
    if (error instanceof ServerRefusal) return undefined;
    throw error;
  }
}

async function pidFromFile(
  session: ServerSession,
  { datadir }: ServerFacts,
  host: HostReader,
): Promise<number | undefined> {
  const [row] = await session.run("SHOW GLOBAL VARIABLES WHERE Variable_name = 'pid_file'", STATEMENT_DEADLINE_MS);
  const path = row?.['Value'];
  if (!path) return undefined;
  return positiveNumber((await host.readText(path.startsWith('/') ? path : join(datadir, path)))?.trim());
}

/** The process that a thread belongs to. */
async function groupOf(thread: number, host: HostReader): Promise<number | undefined> {
  return positiveNumber(/^Tgid:\s+(\d+)$/m.exec((await host.readText(`/proc/${thread}/status`)) ?? '')?.[1]);
}

/** Whether a process in a pid namespace of its own has a thread of this number there. */
async function hasThread(pid: string, thread: number, host: HostReader): Promise<boolean> {
  const innermost = (status: string | undefined) =>
    /^NSpid:((?:\s+\d+)+)$/m
      .exec(status ?? '')?.[1]
      ?.trim()
      .split(/\s+/);
  if ((innermost(await host.readText(`/proc/${pid}/status`))?.length ?? 1) < 2) return false;
  for (const task of (await host.list(`/proc/${pid}/task`)) ?? []) {
    const numbers = innermost(await host.readText(`/proc/${pid}/task/${task}/status`));
    if (Number(numbers?.at(-1)) === thread) return true;
  }
  return false;
}

/** `stat` follows a descriptor to the open file itself, whatever the namespaces (seen: 6,600 of them in 25 ms). */
async function holdsOpen(pid: number, file: string, { host, processes }: WitnessPorts): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const names = (await host.list(folder)) ?? [];
  const found = await fileIdentities(
    processes,
    names.map((name) => `${folder}/${name}`),
  );
  return found.includes(file);
}

/**
 * The first path that is another file in the view of the process, or cannot be told. Nothing of that view is run. A link
 * there would be followed in our own view, so a path with one is none that can be compared.
 */
async function differentInItsView(
  pid: number,
  paths: readonly string[],
  { processes }: WitnessPorts,
): Promise<string | undefined> {
  const { stdout } = await processes.run(
    ['readlink', '/proc/self/ns/mnt', '/proc/self/root', `/proc/${pid}/ns/mnt`, `/proc/${pid}/root`],
    { deadlineMs: STATEMENT_DEADLINE_MS },
  );
  const [ours, root, theirs, theirRoot] = stdout.split('\n');
  if (ours !== undefined && ours === theirs && root === theirRoot) return undefined;
  const view = `/proc/${pid}/root`;
  const folders = [...new Set(paths.flatMap(prefixesOf))];
  const links = await fileIdentities(
    processes,
    folders.map((folder) => `${view}${folder}`),
    'kind',
  );
  const link = folders[links.indexOf('symbolic link')];
  if (link !== undefined)
    return `${link} is a symbolic link in the server's own mount namespace: it cannot be compared`;
  const other = await firstDifferent(paths, view, processes);
  return other && `${other} on this host is not what the server has there in its own mount namespace`;
}

/**
 * The first path that does not lead to the same file in both views. A table may be dropped meanwhile: what differs is looked
 * at again, and of a file that is in neither view any more its folder is compared.
 */
async function firstDifferent(
  paths: readonly string[],
  view: string,
  processes: WitnessPorts['processes'],
): Promise<string | undefined> {
  const differing = async (some: readonly string[]) => {
    const here = await fileIdentities(processes, some);
    const there = await fileIdentities(
      processes,
      some.map((path) => `${view}${path}`),
    );
    return some
      .map((path, index) => ({ path, here: here[index], there: there[index] }))
      .filter((each) => each.here === undefined || each.here !== each.there);
  };
  let suspects = (await differing(paths)).map(({ path }) => path);
  while (suspects.length > 0) {
    const again = await differing(suspects);
    const other = again.find(({ path, here, there }) => here !== undefined || there !== undefined || path === '/');
    if (other !== undefined) return other.path;
    suspects = [...new Set(again.map(({ path }) => dirname(path)))];
  }
  return undefined;
}

/** `/a/b` -> `/a`, `/a/b`. */
const prefixesOf = (path: string): readonly string[] => {
  const names = path.split('/').slice(1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
};

async function otherUuid({ version, uuid, datadir }: ServerFacts, host: HostReader): Promise<string | undefined> {
  if (version.flavour === 'mariadb' || uuid === undefined) return undefined;
  const written = /^\s*server[-_]uuid\s*=\s*(\S+)\s*$/m.exec(
    (await host.readText(join(datadir, 'auto.cnf'))) ?? '',
  )?.[1];
  return written?.toLowerCase() === uuid.toLowerCase()
    ? undefined
    : `auto.cnf in ${datadir} has the UUID ${written ?? '(none)'}, the server says ${uuid}`;
}

const positiveNumber = (text: string | null | undefined): number | undefined =>
  text && /^\d{1,10}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
