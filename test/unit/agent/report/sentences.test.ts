import { describe, expect, it } from 'vitest';
import type { Event } from '../../../../src/agent/events.ts';
import { sentence } from '../../../../src/agent/report/sentences.ts';

const planned = (more: Partial<Extract<Event, { type: 'planned' }>>): string =>
  sentence({
    type: 'planned',
    set: 'r1/i-1',
    level: 'application',
    volumes: ['vol-1'],
    freezes: ['/data'],
    syncs: [],
    excludes: 0,
    ...more,
  }).text;

describe('what a plan says', () => {
  it('of level application', () => {
    expect(planned({ syncs: ['/'], excludes: 2 })).toBe(
      'planned the set r1/i-1 at level application: 1 volume (vol-1); freezing /data; syncing /; leaving out 2 other',
    );
  });

  it('of level crash', () => {
    expect(planned({ level: 'crash', freezes: [] })).toBe(
      'planned the set r1/i-1 at level crash: 1 volume (vol-1); freezing nothing; locking nothing',
    );
  });

  it('of auto that came to application', () => {
    expect(planned({ notCrashBecause: 'sync_binlog is 0' })).toBe(
      'planned the set r1/i-1 at level application (not crash: sync_binlog is 0): 1 volume (vol-1); freezing /data',
    );
  });
});

it('names the server that was met', () => {
  const [server, datadir] = ['mariadb 10.11.19', '/data/mysql'];
  expect(sentence({ type: 'server-known', server, address: '/run/mysqld/mysqld.sock', id: 7, datadir }).text).toBe(
    'the server at /run/mysqld/mysqld.sock is mariadb 10.11.19, its server id 7, its data directory /data/mysql',
  );
});

describe('what recorded coordinates say', () => {
  const recorded = (coordinates: Extract<Event, { type: 'coordinates-recorded' }>['coordinates']): string =>
    sentence({ type: 'coordinates-recorded', coordinates }).text;
  const binlog = { file: 'binlog.000042', position: 1337 };
  const east = {
    name: 'east',
    source: { host: 'db-east', port: 3306 },
    binlog: { file: 'mysql-bin.000007', position: 4711 },
    exact: true,
    autoPosition: false,
  };

  it('of a server', () => {
    expect(recorded({ binlog, gtid: '0-1-2' })).toBe('recorded binlog.000042:1337, GTID 0-1-2');
    expect(recorded({})).toBe('the binary log is off: no coordinates of its own');
  });

  it('of a replica, with or without a binary log', () => {
    const { binlog: _none, ...begun } = east;
    const channels = [east, { ...east, name: '', exact: false }, { ...begun, name: 'new' }];
    const executed =
      "of db-east:3306 ('east') executed mysql-bin.000007:4711; of db-east:3306 executed at least mysql-bin.000007:4711; of db-east:3306 ('new') executed nothing";
    expect(recorded({ binlog, replica: { channels } })).toBe(`recorded binlog.000042:1337; ${executed}`);
    expect(recorded({ replica: { channels, gtid: '0-9-1' } })).toBe(
      `the binary log is off: no coordinates of its own; ${executed}; executed GTID 0-9-1`,
    );
  });
});
