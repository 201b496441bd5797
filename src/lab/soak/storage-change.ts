import { join } from 'node:path';
import { newVolumeId } from '../ebs/ebs-on-btrfs.ts';
import { plainShell } from '../machine/shell.ts';
import { untilItWorks } from '../machine/until-it-works.ts';
import { COVERED, type SoakedHost } from './soaked-host.ts';

/** What may change in the storage of a host while a set of it is taken. */
export const STORAGE_CHANGES = [
  /** Another file system is mounted over the folder of a database, in which a table is created then. */
  'folder covered',
  /** Where the agent is, the data's file system is unmounted lazily; the server keeps it. */
  'file system unmounted',
  /** The same, and mounted again at once. */
  'file system remounted',
  /** The instance gets a volume more, of which the host has no device. */
  'volume attached',
] as const;
export type StorageChange = (typeof STORAGE_CHANGES)[number];

/** Makes a change; answers when it is made, with its undo. */
export async function changeStorage(soaked: SoakedHost, change: StorageChange): Promise<() => Promise<void>> {
  const { host, lab } = soaked;
  switch (change) {
    case 'folder covered':
      return coverFolder(soaked);
    case 'file system unmounted': {
      await unmountForAgent(soaked);
      return () => mountForAgent(soaked);
    }
    case 'file system remounted': {
      await unmountForAgent(soaked);
      await mountForAgent(soaked);
      return async () => undefined;
    }
    case 'volume attached': {
      const volumeId = newVolumeId();
      const volume = { volumeId, sizeGiB: 1, device: '/dev/sdz', tags: {}, isBoot: false };
      lab.aws.attachVolume(host.instanceId, volume);
      return async () => lab.aws.removeVolume(volumeId);
    }
  }
}

async function coverFolder({ host }: SoakedHost): Promise<() => Promise<void>> {
  const folder = join(host.paths.datadir, COVERED);
  const mount = ['mount', '-t', 'tmpfs', '-o', 'mode=0777', 'tmpfs', folder];
  const inHost = (command: string) =>
    plainShell().run([...host.namespace.enter, 'sh', '-c', command, 'sh', folder, ...mount]);
  const uncover = async () => {
    await untilItWorks(`${folder} is still in use`, () => plainShell().run(['umount', folder]));
    await inHost('! mountpoint -q "$1" || umount "$1"');
  };
  const connection = await host.server.connect();
  await plainShell().run(mount);
  // Where the data has been mounted anew in the host's namespace, what the machine mounts below it does not show there.
  await inHost('mountpoint -q "$1" || { shift && exec "$@"; }');
  try {
    await connection.query(`CREATE TABLE ${COVERED}.t (id INT NOT NULL) ENGINE=InnoDB`);
    await connection.query(`INSERT INTO ${COVERED}.t VALUES (1)`);
  } catch (error) {
    connection.destroy();
    await uncover();
    throw error;
  }
  return async () => {
    await connection.query(`DROP TABLE ${COVERED}.t`).finally(() => connection.destroy());
    await uncover();
  };
}

// In the host's own mount namespace: that of the server is the machine's.
const unmountForAgent = async ({ host: { namespace, paths } }: SoakedHost): Promise<void> =>
  void (await plainShell().run([...namespace.enter, 'umount', '--lazy', paths.data]));

const mountForAgent = async ({ host: { namespace, paths }, dataDevice }: SoakedHost): Promise<void> =>
  void (await plainShell().run([...namespace.enter, 'mount', dataDevice, paths.data]));
