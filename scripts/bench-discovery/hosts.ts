import * as v from 'valibot';
import type { HostReader, InstanceFacts, ServerReader } from '../../src/agent/ports.ts';
import { InstanceId, VolumeId } from '../../src/shared/ids.ts';
import { nvme } from '../../test/fixtures/described-devices.ts';
import { describedHost, plant, type Tree } from '../../test/fixtures/described-host.ts';
import { mysql } from '../../test/fixtures/described-server.ts';

/** What discovery reads, of a host that exists only as a description. */
export interface DescribedReaders {
  readonly host: HostReader;
  readonly server: ServerReader;
  readonly instance: InstanceFacts;
}

export interface Sizes {
  /** Of containers, beside those of the host and the server. */
  readonly mounts: number;
  /** InnoDB files outside the data directory. */
  readonly tablespaces: number;
  /** Under the server, each with a file system of its own. */
  readonly volumes: number;
}

/** Of one schema on one volume. */
const TABLES_PER_SCHEMA = 100;

/** A MySQL server with its tablespaces spread evenly over volumes, on a host that runs containers besides. */
export function describeHost({ mounts, tablespaces, volumes }: Sizes): DescribedReaders {
  const numbered = Array.from({ length: volumes }, (_, number) => number);
  const files = Array.from({ length: tablespaces }, (_, number) => {
    const schema = Math.floor(number / volumes / TABLES_PER_SCHEMA);
    return `${mountPoint(number % volumes)}/schema${schema}/table${number}.ibd`;
  });
  const { answers, tree } = mysql('8.4.3', { answers: { 'data-files': files.map((path) => ({ path })) } });
  const host = plant(tree, mountTable(numbered, mounts), ...numbered.map(volumeTree), {
    folders: files,
    numbers: Object.fromEntries(numbered.map((number) => [mountPoint(number), deviceNumber(number)])),
  });
  return {
    host: describedHost(host),
    server: { ask: async ({ name }) => answers[name] ?? [] },
    instance: {
      instanceId: v.parse(InstanceId, 'i-0123456789abcdef0'),
      region: 'eu-central-1',
      name: 'db01',
      rootDevice: '/dev/xvda',
      volumes: numbered.map((number) => ({
        volumeId: v.parse(VolumeId, `vol-${id(number)}`),
        sizeGiB: 1,
        device: `/dev/sd${number}`,
        tags: {},
      })),
    },
  };
}

const mountPoint = (number: number): string => (number === 0 ? '/data' : `/tables/${number}`);
const deviceNumber = (number: number): string => `259:${number + 1}`;
const diskName = (number: number): string => `nvme${number + 1}n1`;
const id = (number: number): string => String(number).padStart(17, '0');

const volumeTree = (number: number): Tree =>
  plant(nvme({ name: diskName(number), dev: deviceNumber(number), serial: `vol${id(number)}` }), {
    links: { [`/dev/disk/by-uuid/${id(number)}`]: `/dev/${diskName(number)}` },
  });

/** A container has an overlay, its /proc lies within, and so does a tmpfs. */
function mountTable(volumes: readonly number[], containerMounts: number): Tree {
  const containers = Array.from({ length: containerMounts }, (_, number) => {
    const rootId = 1_000_000 + number - (number % 3);
    const folder = `/var/lib/docker/overlay2/${rootId}/merged`;
    const place = ['/ overlay', '/proc proc', '/dev/shm tmpfs'][number % 3]?.split(' ') ?? [];
    const [below = '/', type = ''] = place;
    return `${rootId + (number % 3)} ${number % 3 === 0 ? 27 : rootId} 0:${number + 100} / ${folder}${below === '/' ? '' : below} rw - ${type} ${type} rw`;
  });
  const own = volumes.map(
    (number) =>
      `${100 + number} 27 ${deviceNumber(number)} / ${mountPoint(number)} rw,noatime - xfs /dev/${diskName(number)} rw`,
  );
  const lines = ['27 1 259:0 / / rw - ext4 /dev/nvme0n1p1 rw', ...containers, ...own, ''];
  return { files: { '/proc/self/mountinfo': lines.join('\n') } };
}
