import * as v from 'valibot';
import { expect, it } from 'vitest';
import { WatchdogRequest } from '../../../../src/agent/window/applier-watchdog-request.ts';

it('an order over TCP is understood as it arrives: JSON leaves out what is undefined', () => {
  const order: WatchdogRequest = {
    connection: { socket: undefined, host: '127.0.0.1', port: 3306, user: 'ebs_snapshot', password: undefined },
    file: '/run/mysql-ebs-snapshot/appliers/r1',
    server: { datadir: '/data/mysql/' },
    plan: { channels: [''], stop: ['STOP'], start: ['START'], status: { sql: 'S', channel: 'C', applying: 'A' } },
  };
  expect(v.parse(WatchdogRequest, JSON.parse(JSON.stringify(order)))).toEqual({
    ...order,
    connection: { host: '127.0.0.1', port: 3306, user: 'ebs_snapshot' },
  });
});
