import { expect, test } from 'vitest';
import { locateServerFiles } from '../../../../src/agent/discovery/server-files.ts';
import { describedHost, plant, type Tree } from '../../../fixtures/described-host.ts';

const DATADIR: Tree = { folders: ['/data/mysql/mysql', '/data/mysql/ibdata1'] };

const locate = (variables: Record<string, string>, tree: Tree = {}, dataFiles: readonly string[] = []) =>
  locateServerFiles(
    describedHost({ ...plant(DATADIR, tree), indexes: tree.indexes ?? {} }),
    new Map(Object.entries({ datadir: '/data/mysql/', ...variables })),
    dataFiles,
  );
const pathsOf = async (...args: Parameters<typeof locate>) =>
  (await locate(...args)).files.map(({ role, path }) => `${role} ${path}`);

test('relative values are below the data directory, or below innodb_data_home_dir', async () => {
  const variables = {
    innodb_data_home_dir: 'home',
    innodb_data_file_path: 'ibdata1:12M;deep/ibdata2:50M:autoextend:max:500M',
    innodb_log_group_home_dir: './',
    innodb_undo_directory: '../undo',
  };
  const tree = { folders: ['/data/mysql/home/ibdata1', '/data/mysql/home/deep/ibdata2', '/data/undo'] };
  expect(await pathsOf(variables, tree)).toEqual([
    'data /data/mysql',
    'system-tablespace /data/mysql/home/ibdata1',
    'system-tablespace /data/mysql/home/deep/ibdata2',
    'redo /data/mysql',
    'undo /data/undo',
  ]);
});

test('a system tablespace may name files by absolute paths', async () => {
  const variables = {
    innodb_data_home_dir: '',
    innodb_data_file_path: '/disk1/ibdata1:12M;/disk2/ibdata2:1G:autoextend',
  };
  const tree = { folders: ['/disk1/ibdata1', '/disk2/ibdata2'] };
  expect(await pathsOf(variables, tree)).toContain('system-tablespace /disk2/ibdata2');
});

test('a raw device is refused', async () => {
  await expect(locate({ innodb_data_file_path: '/dev/sdb1:3Graw' })).rejects.toMatchObject({
    code: 'server-unsupported',
  });
});

test('paths are followed to where they really are', async () => {
  const tree = {
    folders: ['/disk2/binlog', '/disk3/orders.ibd'],
    links: { '/binlog': '/disk2/binlog', '/data/mysql/orders.ibd': '/disk3/orders.ibd' },
  };
  expect(await pathsOf({ log_bin_basename: '/binlog/bin' }, tree, ['orders.ibd'])).toEqual([
    'data /data/mysql',
    'binlog /disk2/binlog',
    'tablespace /disk3/orders.ibd',
  ]);
});

test('an index of logs elsewhere brings its folder along', async () => {
  const variables = { relay_log_basename: '/data/mysql/relay', relay_log_index: '/index/relay.index' };
  expect(await pathsOf(variables, { folders: ['/index'] })).toContain('relay-log /index');
});

test.each([
  ['relay_log_info_file', 'relay-log'],
  ['innodb_parallel_doublewrite_path', 'doublewrite'],
])('%s brings its folder along, and what a link of its name leads to', async (variable, role) => {
  const tree = { folders: ['/fast', '/disk2/info'], links: { '/fast/info': '/disk2/info', '/fast/other': '/nowhere' } };
  expect(await pathsOf({ [variable]: '/fast/info' }, tree)).toEqual([
    'data /data/mysql',
    `${role} /fast`,
    `${role} /disk2/info`,
  ]);
  expect(await pathsOf({ [variable]: 'info' }, tree)).toEqual(['data /data/mysql']);
  await expect(locate({ [variable]: '/gone/info' })).rejects.toMatchObject({ code: 'files-unresolved' });
});

test('a schema elsewhere is searched for tables that are elsewhere again', async () => {
  const tree = {
    folders: ['/fast/shop', '/slow/hits.MYD'],
    links: { '/data/mysql/shop': '/fast/shop', '/fast/shop/hits.MYD': '/slow/hits.MYD' },
  };
  expect(await pathsOf({}, tree)).toEqual(['data /data/mysql', 'tablespace /fast/shop', 'tablespace /slow/hits.MYD']);
});

test('logs that an index lists in other folders bring those along, where they are there', async () => {
  const variables = { log_bin_basename: '/b2/bin', log_bin_index: '/index/bin.index', relay_log_basename: '/b2/relay' };
  const tree = {
    folders: ['/b2', '/index', '/b1/old.000001', '/fast/old.000002', '/data/mysql/relay-bin.000001', '/other/kept'],
    links: { '/b1/old.000002': '/fast/old.000002', '/b1/of-others': '/nowhere' },
    indexes: {
      '/index/bin.index': [
        '/b1/old.000001',
        '/b1/old.000002',
        '/other/gone.000001',
        '/gone/x.000001',
        '/b2/bin.000002',
      ],
      '/b2/relay.index': ['./relay-bin.000001'],
    },
  };
  expect(await pathsOf(variables, tree)).toEqual([
    'data /data/mysql',
    'binlog /b2',
    'binlog /index',
    'relay-log /b2',
    'binlog /b1',
    'relay-log /data/mysql',
    'binlog /fast/old.000002',
  ]);
  const empty = locate(variables, { ...tree, indexes: { '/index/bin.index': [] } });
  await expect(empty).rejects.toMatchObject({
    code: 'files-unresolved',
    message: '/index/bin.index lists no binary log, though log_bin is ON',
  });
});

test('links among the logs are followed: by the folder all of them, by a base name those that bear it', async () => {
  const variables = {
    innodb_log_group_home_dir: '/redo',
    innodb_undo_directory: '/logs',
    log_bin_basename: '/logs/bin',
    log_bin_index: '/logs/index/bin.index',
  };
  const tree = {
    folders: ['/redo', '/logs/index', '/fast/redo', '/fast/ib_redo7', '/fast/undo_001', '/fast/bin.000001', '/fast/i'],
    links: {
      '/redo/#innodb_redo': '/fast/redo',
      '/fast/redo/#ib_redo7': '/fast/ib_redo7',
      '/logs/undo_001': '/fast/undo_001',
      '/logs/bin.000001': '/fast/bin.000001',
      '/logs/index/bin.index': '/fast/i',
      '/logs/index/other.index': '/nowhere',
    },
  };
  const { innodb_undo_directory, ...binlogOnly } = variables;
  const binlog = ['binlog /fast/bin.000001', 'binlog /fast/i'];
  expect((await pathsOf(binlogOnly, tree)).filter((file) => file.includes('/fast'))).toEqual([
    'redo /fast/redo',
    'redo /fast/ib_redo7',
    ...binlog,
  ]);
  await expect(locate(variables, tree)).rejects.toMatchObject({
    message: 'this host does not have what the link /logs/index/other.index leads to',
  });
  expect(await pathsOf(variables, { ...tree, links: { ...tree.links, '/nowhere': '/fast/i' } })).toContain(
    'undo /fast/undo_001',
  );
});

test('temporary folders are those that this host has; tmpdir may name several', async () => {
  const variables = { tmpdir: '/tmp:./tmp:/gone', innodb_tmpdir: '', innodb_temp_tablespaces_dir: './#innodb_temp/' };
  const tree = {
    folders: ['/tmp', '/fast/tmp', '/data/mysql/#innodb_temp'],
    links: { '/data/mysql/tmp': '/fast/tmp' },
  };
  expect((await locate(variables, tree)).temporaryFolders).toEqual(['/tmp', '/fast/tmp', '/data/mysql/#innodb_temp']);
});

test('so is the folder of temporary tablespaces, unless it is that of the data', async () => {
  const tree = { folders: ['/fast/tmp'] };
  const folders = async (path: string) => (await locate({ innodb_temp_data_file_path: path }, tree)).temporaryFolders;
  expect(await folders('../../fast/tmp/ibtmp1:12M;/fast/ibtmp2:1G:autoextend')).toEqual(['/fast/tmp', '/fast']);
  expect(await folders('ibtmp1:12M:autoextend')).toEqual([]);
});

test('everything that this host does not have is named at once', async () => {
  const missing = locate(
    { log_bin_basename: '/gone/bin', innodb_undo_directory: '/away' },
    { links: { '/data/mysql/shop': '/nowhere' } },
    ['/lost/t.ibd'],
  );
  await expect(missing).rejects.toMatchObject({
    code: 'files-unresolved',
    message: expect.stringMatching(/\/away.*\/gone.*\/lost\/t\.ibd.*\/data\/mysql\/shop/),
  });
});

test('a data directory without the system schema is some other folder', async () => {
  const host = describedHost({ folders: ['/data/mysql/base'] });
  await expect(locateServerFiles(host, new Map([['datadir', '/data/mysql']]), [])).rejects.toMatchObject({
    code: 'files-unresolved',
  });
});
