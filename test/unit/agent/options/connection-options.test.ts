import { describe, expect, it } from 'vitest';
import { connectionOptions } from '../../../../src/agent/options/connection-options.ts';
import { readForEach } from '../../../../src/agent/options/flavours.ts';
import { parseOptionFile } from '../../../../src/agent/options/option-file.ts';
import { optionGroups } from '../../../../src/agent/options/said-option.ts';

const SOCKET = '/run/mysqld/mysqld.sock';
type Texts = Readonly<Record<string, string>>;
type Wishes = { socket?: string; user?: string; suffix?: string; environment?: Texts; folders?: Texts; login?: string };

/** From the text of an option file, and of another one in some folder. */
function connectBy(
  text: string,
  { socket, user, suffix = '', environment = {}, folders = {}, login = '' }: Wishes = {},
  password?: string,
) {
  const saidIn = (file: string, where: string, groups: readonly string[]) =>
    parseOptionFile(file).flatMap((part) =>
      part.kind === 'option' && groups.includes(part.group) ? [{ ...part, where: `${where}, line ${part.line}` }] : [],
    );
  const readings = readForEach(
    suffix,
    environment,
    (groups, serverHome = '') => saidIn(`${text}\n${folders[serverHome] ?? ''}`, 'my.cnf', groups),
    (groups) => saidIn(login, 'login', groups),
  );
  return connectionOptions({ socket, user }, readings, password, SOCKET);
}

/** From options of our own group. */
const connect = (wishes: Wishes, file: Record<string, string>, password?: string) =>
  connectBy(
    ['[mysql-ebs-snapshot]', ...Object.entries(file).map(([name, value]) => `${name}=${value}`)].join('\n'),
    wishes,
    password,
  );

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
    expect(connectBy('[client]\nhost=127.0.0.1\nport=3307\nsocket=/s')).toMatchObject({
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
    expect(optionGroups('')).toEqual(['client', 'client-server', 'client-mariadb', 'mysql-ebs-snapshot']);
  });

  it.each<[what: string, text: string, expected: object, wishes?: Wishes]>([
    ['the last of the client groups', '[client-server]\nsocket=/a\n[client]\nsocket=/b', { socket: '/b' }],
    ['the last, whatever the group', '[client]\nsocket=/b\n[client-server]\nsocket=/a', { socket: '/a' }],
    ['our group over a later one', '[mysql-ebs-snapshot]\nsocket=/a\n[client]\nsocket=/b', { socket: '/a' }],
    ['our socket over a host', '[client]\nhost=db1.example.com\n[mysql-ebs-snapshot]\nsocket=/s', { socket: '/s' }],
    ['our socket over our host', '[mysql-ebs-snapshot]\nhost=db1.example.com\nsocket=/s', { socket: '/s' }],
    ['--socket over a host', '[client]\nhost=db1.example.com', { socket: '/s' }, { socket: '/s' }],
    ['--socket over what it makes moot', '[client]\nprotocol=pipe\nport=x', { socket: '/s' }, { socket: '/s' }],
    [
      'protocol=tcp over a socket',
      '[client]\nsocket=/a\n[mysql-ebs-snapshot]\nprotocol=TCP\nport=33077',
      { socket: undefined, host: 'localhost', port: 33077 },
    ],
    ['protocol=socket', '[client]\nprotocol=socket\nhost=localhost\nsocket=/a\nport=1', { socket: '/a' }],
    ['an empty host as none', '[client]\nhost=127.0.0.1\nhost=\nsocket=/a', { socket: '/a' }],
    ['loose-', '[client]\nloose_socket=/a', { socket: '/a' }],
    ['the port of all clients over the socket', '[client]\nport=3307\nsocket=/a', { socket: '/a' }],
    ['port 0 as the default', '[client]\nport=0\nhost=127.0.0.1', { host: '127.0.0.1', port: 3306 }],
    [
      'MYSQL_HOST and MYSQL_TCP_PORT',
      '',
      { socket: undefined, host: '127.0.0.1', port: 3307 },
      { environment: { MYSQL_HOST: '127.0.0.1', MYSQL_TCP_PORT: '3307' } },
    ],
    ['MYSQL_UNIX_PORT', '', { socket: '/e' }, { environment: { MYSQL_UNIX_PORT: '/e' } }],
    ['a file over it', '[client]\nsocket=/f', { socket: '/f' }, { environment: { MYSQL_UNIX_PORT: '/e' } }],
    [
      'the host of a file over MYSQL_HOST',
      '[client]\nhost=localhost',
      { socket: SOCKET },
      { environment: { MYSQL_HOST: 'db2' } },
    ],
    [
      'our group with the suffix over ours, wherever it stands',
      '[mysql-ebs-snapshot_two]\nsocket=/two\n[mysql-ebs-snapshot]\nsocket=/one',
      { socket: '/two' },
      { suffix: '_two' },
    ],
  ])('follows %s', (_what, text, expected, wishes) => {
    expect(connectBy(text, wishes)).toMatchObject(expected);
  });

  it.each<[text: string, message: string, wishes?: Wishes]>([
    ['[client]\nhost=db1', "host 'db1' in the option file is not this host: [client] in my.cnf, line 2"],
    ['[client]\ndns-srv-name=db', "dns-srv-name 'db' in the option file is not this host"],
    ['[client]\nprotocol=pipe', "protocol 'pipe' in the option file is neither tcp nor socket"],
    ['[client]\nprotocol=tc', "protocol 'tc' in the option file is neither tcp nor socket"],
    ['[client]\nprotocol=socket\nhost=127.0.0.1', "host '127.0.0.1' in the option file and protocol 'socket' exclude"],
    ['[mysql-ebs-snapshot]\nsocket=/s\nprotocol=tcp', "socket '/s' in the option file and protocol 'tcp' exclude"],
    ['[mysql-ebs-snapshot]\nport=3307', "port '3307' in the option file is not used over a socket"],
    ['[client]\nsocket=', "socket '' in the option file names no socket"],
    ['[client]\nhost=127.0.0.1\nport=33K', "port '33K' in the option file is not a port number"],
    ['[client]\nsocket=@mariadb', "socket '@mariadb' in the option file is an abstract socket, which is not supported"],
    ['', "--socket '@mariadb' is an abstract socket", { socket: '@mariadb' }],
    ['[client]\nsock=/s', "'sock' may be read as 'socket': [client] in my.cnf, line 2"],
    ['[client]\nSocket=/s', "'Socket' may be read as 'socket'"],
    ['[client]\nmaximum-socket=/s', "'maximum-socket' may be read as 'socket'"],
    ['[client]\nskip-password', "'skip-password' may be read as 'password'"],
    ['[client]\nho=db1', "'ho' may be read as 'host'"],
    ['[client]\nsocket=/\ufffd', '[client] in my.cnf, line 2 is not UTF-8'],
    ['', "MYSQL_HOST 'db2' in the environment is not this host", { environment: { MYSQL_HOST: 'db2' } }],
    [
      '[client]\nhost=127.0.0.1',
      "MYSQL_TCP_PORT 'x' in the environment is not a port number",
      { environment: { MYSQL_TCP_PORT: 'x' } },
    ],
    ['[client]\nsocket=/s', "no option file has an option in a group with the suffix '_two'", { suffix: '_two' }],
    [
      '[client_two]\nsocket=/two\n[mysql-ebs-snapshot]\nsocket=/one',
      "socket '/two' in the option file and [mysql-ebs-snapshot], which wins, name different servers",
      { suffix: '_two' },
    ],
  ])('refuses %j by name', (text, message, wishes) => {
    expect(() => connectBy(text, wishes)).toThrow(message);
  });

  it('sends no password over TCP to a server that no certificate proves', () => {
    const text = '[client]\nhost=127.0.0.1';
    const untrusted = expect.objectContaining({ code: 'server-untrusted' });
    expect(() => connectBy(`${text}\npassword=p`)).toThrow(untrusted);
    expect(() => connectBy(text, {}, 'from the parameter')).toThrow(untrusted);
    expect(connectBy(text)).toMatchObject({ tls: undefined, password: undefined });
    const ca = 'password=p\nssl-ca=/ca.pem';
    expect(connectBy(`${text}\n${ca}`).tls).toEqual({ caFile: '/ca.pem', verifyIdentity: false });
    for (const option of ['ssl-mode=VERIFY_IDENTITY', 'ssl-verify-server-cert']) {
      expect(connectBy(`${text}\n${ca}\n${option}`).tls).toMatchObject({ verifyIdentity: true });
    }
    expect(connectBy('[client]\nsocket=/s\npassword=p').tls).toBeUndefined();
  });

  it('knows where only a MariaDB may be met, since MySQL’s programs would meet another server', () => {
    const only = (text: string, environment = {}) => connectBy(text, { environment }).mariadbOnly;
    expect(only('[client-server]\nsocket=/a')).toContain('[client-server] decides which server is met');
    expect(only('[client-mariadb]\nprotocol=tcp')).toContain('[client-mariadb]');
    expect(only('', { MARIADB_UNIX_PORT: '/m' })).toContain('MARIADB_UNIX_PORT');
    expect(only('[client]\nsocket=/a\n[client-server]\nsocket=/a\nport=1')).toBeUndefined();
    expect(only(`[client-server]\nsocket=${SOCKET}`)).toBeUndefined();
    expect(only('[client-server]\nsocket=/a\n[mysql-ebs-snapshot]\nsocket=/b')).toBeUndefined();
  });

  it('reads MARIADB_HOME and MARIADB_GROUP_SUFFIX over MYSQL’s, for a MariaDB alone', () => {
    const folders = { '/h': '[client]\nsocket=/of-mariadb', '/m': '[client]\nsocket=/of-mysql' };
    const home = (environment: Texts) => connectBy('', { environment, folders });
    const homes = { MARIADB_HOME: '/h', MYSQL_HOME: '/m' };
    expect(home(homes)).toMatchObject({ socket: '/of-mariadb', mariadbOnly: expect.stringContaining('MARIADB_HOME') });
    expect(home({ MYSQL_HOME: '/m' })).toMatchObject({ socket: '/of-mysql', mariadbOnly: undefined });
    // Set but empty, it hides the other from MariaDB's programs.
    expect(home({ ...homes, MARIADB_HOME: '' })).toMatchObject({ socket: SOCKET, mariadbOnly: expect.anything() });
    expect(home({ MARIADB_HOME: '/m', MYSQL_HOME: '/m' }).mariadbOnly).toBeUndefined();
    expect(connectBy('', { environment: homes, folders, socket: '/s' })).toMatchObject({ mariadbOnly: undefined });

    const text = '[client]\nsocket=/a\n[client.x]\nsocket=/x\n[client.y]\nsocket=/y';
    const suffix = (environment: Texts, said = '') => connectBy(text, { environment, suffix: said });
    const both = { MARIADB_GROUP_SUFFIX: '.x', MYSQL_GROUP_SUFFIX: '.y' };
    const marked = expect.stringContaining('MARIADB_GROUP_SUFFIX');
    expect(suffix(both)).toMatchObject({ socket: '/x', mariadbOnly: marked });
    expect(suffix({ MARIADB_GROUP_SUFFIX: '.x' })).toMatchObject({ socket: '/x', mariadbOnly: marked });
    expect(suffix({ MARIADB_GROUP_SUFFIX: '.x', MYSQL_GROUP_SUFFIX: '.x' }).mariadbOnly).toBeUndefined();
    expect(suffix(both, '.y')).toMatchObject({ socket: '/y', mariadbOnly: undefined });
  });

  it('refuses a MARIADB_HOST that only some of MariaDB’s programs read', () => {
    const withHost = (environment: Texts, text = '') => connectBy(text, { environment });
    const message = "MARIADB_HOST '127.0.0.1' in the environment is read by newer programs of MariaDB alone";
    expect(() => withHost({ MARIADB_HOST: '127.0.0.1' })).toThrow(message);
    expect(() => withHost({ MARIADB_HOST: '', MYSQL_HOST: '127.0.0.1' })).toThrow("MARIADB_HOST ''");
    expect(withHost({ MARIADB_HOST: 'localhost' })).toMatchObject({ socket: SOCKET, mariadbOnly: undefined });
    expect(withHost({ MARIADB_HOST: '127.0.0.1', MYSQL_HOST: '127.0.0.1' })).toMatchObject({ host: '127.0.0.1' });
    expect(withHost({ MARIADB_HOST: 'db1' }, '[mysql-ebs-snapshot]\nsocket=/s')).toMatchObject({ socket: '/s' });
  });

  it('reads the login file last, for a MySQL alone where it decides which server is met', () => {
    const login = '[client]\nuser=u\npassword=p\nsocket=/b';
    const text = '[client]\nuser=x\nsocket=/a';
    const marked = expect.stringContaining('the login file decides which server is met ([client] in login, line 2');
    expect(connectBy(text, { login })).toMatchObject({ socket: '/b', user: 'u', password: 'p', mysqlOnly: marked });
    const unmarked = { mysqlOnly: undefined, mariadbOnly: undefined };
    expect(connectBy('[client]\nsocket=/b', { login })).toMatchObject({ socket: '/b', user: 'u', ...unmarked });
    expect(connectBy(text, { login, socket: '/s' })).toMatchObject({ socket: '/s', user: 'u', ...unmarked });
    const own = '[mysql-ebs-snapshot]\nsocket=/o\nuser=me\n';
    expect(connectBy(`${own}${text}`, { login })).toMatchObject({ socket: '/o', user: 'me', ...unmarked });
    expect(connectBy(text, { login: '[mysql-ebs-snapshot]\nsocket=/o' })).toMatchObject({ socket: '/o' });
    expect(() => connectBy(`${text}\n[client-server]\nsocket=/m`, { login })).toThrow("MariaDB's mean another one");
    const elsewhere = "host 'db2' in the option file is not this host: [client] in login, line 2";
    expect(() => connectBy(text, { login: '[client]\nhost=db2' })).toThrow(elsewhere);
  });

  describe('over TCP, of the options of TLS', () => {
    const tls = (text: string) => connectBy(`[client]\nhost=127.0.0.1\npassword=p\nssl-ca=/ca.pem\n${text}`).tls;

    it('passes on the certificate of the account and the versions', () => {
      const account = { certFile: '/c', keyFile: '/k' };
      expect(tls('ssl-cert=/c\nssl-key=/k\ntls-version=TLSv1.3')).toMatchObject({
        account,
        versions: ['TLSv1.3', 'TLSv1.3'],
      });
      expect(tls('tls-version=TLSv1.1,TLSv1.2,tlsv1.3')).toMatchObject({ versions: ['TLSv1.2', 'TLSv1.3'] });
      expect(tls('skip-ssl-verify-server-cert\nssl-session-data=/x')).toMatchObject({ verifyIdentity: false });
    });

    it.each([
      ['ssl-crl=/l', "ssl-crl '/l' over TCP is not supported: [client] in my.cnf, line 5"],
      ['loose_ssl_crlpath=/l', "loose-ssl-crlpath '/l' over TCP is not supported"],
      ['ssl-capath=/l', 'ssl-capath'],
      ['ssl-cipher=X', 'ssl-cipher'],
      ['ssl-fp=X', 'ssl-fp'],
      ['tls-ciphersuites=X', 'tls-ciphersuites'],
      ['tls-sni-servername=x', 'tls-sni-servername'],
      ['ssl-cr=/l', 'ssl-cr'],
      ['enable-ssl-verify-server-cert', 'enable-ssl-verify-server-cert'],
      ['tls-version=TLSv1.1', "tls-version 'TLSv1.1' over TCP names neither TLSv1.2 nor TLSv1.3"],
      ['ssl-mode=5', "ssl-mode '5' over TCP is not a mode of TLS"],
      ['ssl-key=/k', "ssl-key '/k' over TCP stands alone"],
    ])('refuses %s by name', (text, message) => {
      expect(() => tls(text)).toThrow(
        expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }),
      );
      expect(connectBy(`[client]\nsocket=/s\n${text}`).tls).toBeUndefined();
    });
  });
});
