import { expect, test } from 'vitest';
import { blockGraph } from '../../../../src/agent/discovery/block-graph.ts';
import { findJournal, type Journal } from '../../../../src/agent/discovery/journal.ts';
import { loop } from '../../../fixtures/described-devices.ts';
import { describedHost, plant } from '../../../fixtures/described-host.ts';

const BLOCK_NAMES = ['loop1', 'loop2', 'loop14', 'dm-8', 'dm-9', 'nvme2n1p1', 'nvme2n1p2'];

/** The journal of an ext4 on loop1, by what /proc/fs/jbd2 lists, what /sys says of its thread, and that thread's name. */
async function journalOf(names: readonly string[], task?: string, comm?: string): Promise<Journal | undefined> {
  const host = describedHost(
    plant(
      loop({ name: 'loop1', dev: '7:1', backingFile: '/one.img' }),
      { folders: ['/proc/fs/jbd2', ...names.map((name) => `/proc/fs/jbd2/${name}`)] },
      task === undefined ? {} : { files: { '/sys/fs/ext4/loop1/journal_task': `${task}\n` } },
      comm === undefined ? {} : { files: { [`/proc/${task}/comm`]: `${comm}\n` } },
    ),
  );
  const device = await blockGraph(host).withNumber('7:1');
  if (device === undefined) throw new Error('loop1 is described and must be found');
  return findJournal(host, device, BLOCK_NAMES);
}

const external = (device: string) => ({ kind: 'external', device });

test.each<[string, Parameters<typeof journalOf>, object]>([
  ['in it', [['loop1-8', 'loop14-8'], '77', 'jbd2/loop1-8'], { kind: 'internal' }],
  ['in it, on a kernel that names no thread', [['loop1-8']], { kind: 'internal' }],
  ['none', [['loop14-8', 'dm-9-8'], '<none>'], { kind: 'none' }],
  ['none, although another has an external one', [['loop2'], '<none>'], { kind: 'none' }],
  ['none, on a kernel that names no thread', [['loop14-8']], { kind: 'none' }],
  ['outside', [['loop14-8', 'loop2'], '77', 'jbd2/loop2'], external('loop2')],
  ['outside, on a device whose name ends as an inode would', [['dm-8'], '77', 'jbd2/dm-8'], external('dm-8')],
  ['outside, one of several', [['loop2', 'dm-9'], '77', 'jbd2/dm-9'], external('dm-9')],
  ['outside, the only one, its thread not to be seen', [['loop2'], '0'], external('loop2')],
  ['outside, the name of the thread cut', [['nvme2n1p1', 'loop2'], '77', 'jbd2/nvme2n1p1'], external('nvme2n1p1')],
])('an ext4 has its journal %s', async (_, [names, ...rest], journal) => {
  expect(await journalOf(names, ...rest)).toEqual(journal);
});

test.each<[string, Parameters<typeof journalOf>]>([
  ['several, and no thread to tell', [['loop2', 'dm-9'], '0']],
  ['one elsewhere, and a kernel that names no thread', [['loop2']]],
  ['a thread, and no device listed', [['loop14-8'], '77', 'jbd2/loop2']],
  ['a thread of another name', [['loop2'], '77', 'jbd2/dm-9']],
  ['two that a cut name may mean', [['nvme2n1p1', 'nvme2n1p2'], '77', undefined]],
])('a journal that may be any of %s is not known', async (_, [names, ...rest]) => {
  expect(await journalOf(names, ...rest)).toMatchObject({ kind: 'unknown' });
});
