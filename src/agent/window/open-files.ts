import type { HostFacts } from '../discovery/facts.ts';
import { isWithin } from '../discovery/mountinfo.ts';
import { onlyTemporary } from '../discovery/storage-map.ts';
import type { HostReader, Processes } from '../ports.ts';
import { fileIdentities } from './file-identities.ts';

interface OpenFilePorts {
  readonly host: Pick<HostReader, 'readText' | 'list'>;
  readonly processes: Pick<Processes, 'run'>;
}

/** What a descriptor of a process leads to. */
export interface OpenFile {
  readonly descriptor: string;
  /** Device and inode, each as decimal digits: `7:12`. */
  readonly identity: string;
  /** A regular file that still has a name. */
  readonly isNamedFile: boolean;
}

const FILE_TYPE = 0xf000;
const REGULAR = 0x8000;

/** `stat` follows a descriptor to the open file itself, whatever the namespaces (seen: 6,600 of them in 25 ms). */
export async function openFiles(pid: number, { host, processes }: OpenFilePorts): Promise<readonly OpenFile[]> {
  const names = (await host.list(`/proc/${pid}/fd`)) ?? [];
  const paths = names.map((name) => `/proc/${pid}/fd/${name}`);
  const answers = await fileIdentities(processes, paths, 'open');
  return names.flatMap((descriptor, index) => {
    const [identity, links, mode] = answers[index]?.split(' ') ?? [];
    if (identity === undefined) return [];
    const isRegular = (Number.parseInt(mode ?? '', 16) & FILE_TYPE) === REGULAR;
    return [{ descriptor, identity, isNamedFile: isRegular && links !== '0' }];
  });
}

/**
 * The first file that the process has open on none of the planned file systems, and that may hold data: that of a mount which
 * was unmounted lazily or hidden by another, or that no variable names. Its standard streams, logs (opened for appending
 * alone), temporary files and what it reads (a library, a file that is loaded) are none of these.
 */
export async function openElsewhere(
  { pid, open }: { readonly pid: number; readonly open: readonly OpenFile[] },
  { server, storage }: Pick<HostFacts, 'server' | 'storage'>,
  { host, processes }: OpenFilePorts,
): Promise<string | undefined> {
  const planned = await fileIdentities(processes, [
    server.datadir,
    ...storage.mounts.map(({ mountPoint }) => mountPoint),
  ]);
  const devices = new Set(planned.map((identity) => identity && deviceOf(identity)));
  const suspects: { readonly path: string; readonly isReadOnly: boolean }[] = [];
  for (const { descriptor, identity, isNamedFile } of open) {
    if (!isNamedFile || Number(descriptor) <= STANDARD_ERROR || devices.has(deviceOf(identity))) continue;
    const flags = openFlags(await host.readText(`/proc/${pid}/fdinfo/${descriptor}`));
    if (flags === undefined || (flags & LOG_FLAGS) === WRITE_ONLY_APPEND) continue;
    suspects.push({ path: `/proc/${pid}/fd/${descriptor}`, isReadOnly: (flags & ACCESS) === 0 });
  }
  const links = await fileIdentities(
    processes,
    suspects.map(({ path }) => path),
    'link',
  );
  const temporary = onlyTemporary(server);
  return suspects
    .map(({ path, isReadOnly }, index) => ({ isReadOnly, name: links[index]?.slice(`'${path}' -> '`.length, -1) }))
    .find(
      ({ name, isReadOnly }) =>
        name !== undefined &&
        !KERNEL.test(name) &&
        !temporary.some((folder) => isWithin(name, folder)) &&
        (!isReadOnly || DATA.test(name)),
    )?.name;
}

const deviceOf = (identity: string): string => identity.slice(0, identity.indexOf(':'));

const STANDARD_ERROR = 2;
/** O_WRONLY, O_RDWR and O_APPEND [src: asm-generic/fcntl.h]: relay logs are appended to as well, but read too. */
const ACCESS = 0o3;
const LOG_FLAGS = ACCESS | 0o2000;
const WRITE_ONLY_APPEND = 0o2001;
/** MariaDB listens there for pressure on the memory. */
const KERNEL = /^\/(proc|sys)\//;
/** Tables that are opened for reading alone, and binary logs that a replica fetches. */
const DATA = /\.(ibd|MY[DI]|MA[DI]|AR[ZM]|CS[VM]|\d{6,})$/;

/** `undefined` where the descriptor has been closed since. */
function openFlags(fdinfo: string | undefined): number | undefined {
  const flags = /^flags:\s*([0-7]+)$/m.exec(fdinfo ?? '')?.[1];
  return flags === undefined ? undefined : Number.parseInt(flags, 8);
}
