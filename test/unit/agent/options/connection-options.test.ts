import { describe, expect, it } from 'vitest';
import { connectionOptions, optionGroups } from '../../../../src/agent/options/connection-options.ts';

const SOCKET = '/run/mysqld/mysqld.sock';
const connect = (wishes: { socket?: string; user?: string }, file: Record<string, string>, password?: string) =>
  connectionOptions({ socket: wishes.socket, user: wishes.user }, new Map(Object.entries(file)), password, SOCKET);

describe('where and as whom the server is reached', () => {
  it('is root over the socket with nothing said', () => {
    expect(connect({}, {})).toMatchObject({ socket: SOCKET, user: 'root', password: undefined });
  });

  it('follows the option file, and the command line over it', () => {
    const file = { socket: '/s', user: 'backup', password: 'p' };
    expect(connect({}, file)).toMatchObject({ socket: '/s', user: 'backup', password: 'p' });
    expect(connect({ socket: '/t', user: 'other' }, file)).toMatchObject({
      socket: '/t',
      user: 'other',
      password: 'p',
    });
    expect(connect({}, file, 'from the parameter')).toMatchObject({ password: 'from the parameter' });
  });

  it('goes over TCP to a host that is not localhost', () => {
    expect(connect({}, { host: '127.0.0.1', port: '3307', socket: '/s' })).toMatchObject({
      socket: undefined,
      host: '127.0.0.1',
      port: 3307,
    });
    expect(connect({ socket: '/t' }, { host: '127.0.0.1' })).toMatchObject({ socket: '/t' });
  });

  it('refuses a server on another host, whose files are not on the volumes of this one', () => {
    expect(() => connect({}, { host: 'db2.internal' })).toThrow(
      "host 'db2.internal' in the option file is not this host",
    );
  });

  it('refuses a port that is none', () => {
    for (const port of ['mysql', '', '65536', '-1']) expect(() => connect({}, { port })).toThrow(`port '${port}'`);
  });

  it('reads the groups with the suffix as well', () => {
    expect(optionGroups('_two')).toContain('mysql-ebs-snapshot_two');
    expect(optionGroups('')).toEqual(['client', 'client-server', 'mysql-ebs-snapshot']);
  });
});
