import { dirname, join } from 'node:path';
import { messageOf, RunError } from '../../shared/errors.ts';
import type { HostFacts, ServerFacts, ServerVersion } from '../discovery/facts.ts';
import type { Mount } from '../discovery/mountinfo.ts';
import { mayAskServer, type Planned } from '../plan/plan-snapshot.ts';
import type { ServerView } from '../plan/snapshot-plan.ts';
import { type HostReader, type Processes, ServerRefusal, type ServerSession } from '../ports.ts';
import { readCoordinates, requireBinlog } from './coordinates.ts';
import { fileIdentities } from './file-identities.ts';
import { type OpenFile, openElsewhere, openFiles } from './open-files.ts';
import { STATEMENT_DEADLINE_MS } from './proof.ts';
import { keptMountPoints, readMountsOf, viewOf } from './server-view.ts';

/** What the witness is looked for with. */
export interface WitnessPorts {
  readonly host: HostReader;
  readonly processes: Pick<Processes, 'run'>;
}

/** What is not shown, and what to do about it. */
interface Doubt {
  readonly message: string;
  readonly hint?: string;
}

const HINT = 'The server seems to live in a container or on another host: run the agent where its files are.';

/**
 * Adds a refusal where the server that we are connected to is not shown to be the one whose files we see: a server in a
 * container, or behind a forwarded port, names the same paths, and this host may have files of another one there.
 *
 * The witness: the thread of our connection belongs to a process of this host that holds the planned system tablespace open,
 * by device and inode; every planned path, and every mount below it, leads to the same file in that process's own view; what
 * it holds open lies on the planned file systems; and on MySQL `auto.cnf` in the data directory has the server's UUID. A server
 * in a container whose files are the same is fine. The plan that is returned knows how the process sees its mounts.
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
  const met = await meetServer(facts, session, ports).catch((error: unknown) => {
    if (error instanceof RunError && error.code === 'connection-lost') throw error;
    return { message: messageOf(error) };
  });
  if (!('message' in met)) return { ...planned, plan: { ...planned.plan, serverView: met } };
  const refusal = { code: 'files-unresolved', hint: HINT, ...met } as const;
  return { ...planned, refusals: [...planned.refusals, refusal] };
}

async function meetServer(
  { server, storage }: HostFacts,
  session: ServerSession,
  ports: WitnessPorts,
): Promise<ServerView | Doubt> {
  const tablespace = server.files.find(({ role }) => role === 'system-tablespace')?.path;
  if (tablespace === undefined) return { message: 'the server names no system tablespace' };
  const [planned] = await fileIdentities(ports.processes, [tablespace]);
  if (planned === undefined) return { message: `${tablespace} is not on this host` };
  const found = await findProcess(session, server, planned, ports);
  if (found === undefined)
    return { message: `no process of this host that serves this connection has ${tablespace} open` };
  const mounts = await readMountsOf(found.pid, ports.host);
  const other = (await differentInItsView(found.pid, server, mounts, ports)) ?? (await otherUuid(server, ports.host));
  if (other !== undefined) return { message: other };
  const elsewhere = await openElsewhere(found, { server, storage }, ports);
  if (elsewhere === undefined) return viewOf(found.pid, server, mounts);
  return {
    message: `the server has ${elsewhere} open, on a file system that holds none of the planned files`,
    hint: `Find its file system: \`findmnt\` in the server's mount namespace (nsenter -t ${found.pid} -m) shows what is mounted there, or it was unmounted. Mount it where the server names the file, or restart the server; a file that the server writes for an export closes with it.`,
  };
}

interface Found {
  readonly pid: number;
  readonly open: readonly OpenFile[];
}

/** The process of our connection's thread, if it has the file open: the one that the server names, else any that fits. */
async function findProcess(
  session: ServerSession,
  server: ServerFacts,
  file: string,
  ports: WitnessPorts,
): Promise<Found | undefined> {
  const thread = await threadOf(session, server.version);
  const named =
    thread === undefined ? await pidFromFile(session, server, ports.host) : await groupOf(thread, ports.host);
  const found = named === undefined ? undefined : await whereOpen(named, file, ports);
  if (found !== undefined || thread === undefined) return found;
  // In a container the number is that of its own pid namespace: the last one that the kernel shows of the thread.
  for (const name of (await ports.host.list('/proc')) ?? []) {
    if (!/^\d+$/.test(name) || !(await hasThread(name, thread, ports.host))) continue;
    const inside = await whereOpen(Number(name), file, ports);
    if (inside !== undefined) return inside;
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

async function whereOpen(pid: number, file: string, ports: WitnessPorts): Promise<Found | undefined> {
  const open = await openFiles(pid, ports);
  return open.some(({ identity }) => identity === file) ? { pid, open } : undefined;
}

/**
 * The first path that is another file in the view of the process, or cannot be told. Nothing of that view is run. A link
 * there would be followed in our own view, so a path with one is none that can be compared.
 */
async function differentInItsView(
  pid: number,
  server: ServerFacts,
  mounts: readonly Mount[],
  { host, processes }: WitnessPorts,
): Promise<string | undefined> {
  const { stdout } = await processes.run(
    ['readlink', '/proc/self/ns/mnt', '/proc/self/root', `/proc/${pid}/ns/mnt`, `/proc/${pid}/root`],
    { deadlineMs: STATEMENT_DEADLINE_MS },
  );
  const [ours, root, theirs, theirRoot] = stdout.split('\n');
  if (ours !== undefined && ours === theirs && root === theirRoot) return undefined;
  const paths = [...new Set(server.files.map(({ path }) => path))];
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
  // What is mounted below a path in one of the views alone hides what the other has there.
  const below = [mounts, await readMountsOf('self', host)].flatMap((table) => keptMountPoints(server, table));
  const other = await firstDifferent([...new Set([...paths, ...below])], view, processes);
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
