import { describe, expect, it } from 'vitest';
import type { ServerVersion } from '../../../../src/agent/discovery/facts.ts';
import { mayListPrepared, readRecovery } from '../../../../src/agent/discovery/recovery.ts';
import type { Row, ServerQuestion } from '../../../../src/agent/ports.ts';

const version = (flavour: ServerVersion['flavour'], major: number, minor: number, patch: number): ServerVersion => ({
  flavour,
  major,
  minor,
  patch,
});
const MYSQL_57 = version('mysql', 5, 7, 44);
const MYSQL_8021 = version('mysql', 8, 0, 21);
const MYSQL_8030 = version('mysql', 8, 0, 30);
const MARIADB = version('mariadb', 10, 11, 6);

function ask(server: ServerVersion, privileges: readonly string[], answers: Record<string, readonly Row[]> = {}) {
  const asked: ServerQuestion[] = [];
  const reader = {
    ask: async (question: ServerQuestion) => {
      asked.push(question);
      return answers[question.name] ?? [];
    },
  };
  return { facts: readRecovery(reader, server, privileges), asked };
}

describe('what crash recovery rests on', () => {
  it('names tables so that a statement can be made of them', async () => {
    const odd = { schema: 'my`shop', name: 'a``b.c', engine: 'Aria' };
    const { facts } = ask(MARIADB, ['SHOW VIEW'], { 'non-transactional-tables': [odd] });
    expect(await facts).toMatchObject({
      nonTransactionalTables: [{ table: '`my``shop`.`a````b.c`', engine: 'ARIA' }],
    });
  });

  it.each([
    ['SHOW VIEW', true],
    ['SELECT', true],
    ['ALL PRIVILEGES', true],
    ['SELECT ON SHOP.*', false],
    ['PROCESS', false],
  ])('is seen by whoever holds %s: %s', async (privilege, seen) => {
    const { facts, asked } = ask(MARIADB, [privilege]);
    expect((await facts) !== undefined).toBe(seen);
    expect(asked.length > 0).toBe(seen);
  });

  it.each([
    ['MySQL 5.7', MYSQL_57, [], true, true],
    ['MySQL 8.0.21', MYSQL_8021, [], false, false],
    ['MySQL 8.0.21 with the privilege', MYSQL_8021, ['XA_RECOVER_ADMIN'], true, true],
    ['MySQL 8.0.30, which recovers them', MYSQL_8030, [], true, false],
    ['MariaDB', MARIADB, [], true, true],
  ] as const)('prepared transactions of %s', async (_what, server, privileges, mayList, asks) => {
    expect(mayListPrepared(server, privileges)).toBe(mayList);
    const prepared = [{ formatID: '1', gtrid_length: '4', bqual_length: '0', data: 'sale' }];
    const { facts, asked } = ask(server, [...privileges, 'SHOW VIEW'], { 'prepared-transactions': prepared });
    expect((await facts)?.preparedTransactions).toBe(mayList ? Number(asks) : undefined);
    expect(asked.some(({ sql }) => sql === 'XA RECOVER')).toBe(asks);
  });

  it('leaves nothing of whose transactions they are in a capture', async () => {
    const { facts, asked } = ask(MARIADB, ['SHOW VIEW']);
    await facts;
    const question = asked.find(({ sql }) => sql === 'XA RECOVER');
    const rows = [{ formatID: '1', gtrid_length: '6', bqual_length: '0', data: 'secret' }];
    expect(question?.forCapture?.(rows)).toEqual([{ formatID: '1' }]);
  });

  it('asks MariaDB alone where a replica keeps its place', async () => {
    const tables = [{ schema: 'mysql', name: 'gtid_slave_pos', engine: 'Aria' }];
    const answers = { 'gtid-position-tables': tables };
    expect(await ask(MARIADB, ['SHOW VIEW'], answers).facts).toMatchObject({
      gtidPositionTables: [{ table: '`mysql`.`gtid_slave_pos`', engine: 'ARIA' }],
    });
    expect(await ask(MYSQL_8030, ['SHOW VIEW'], answers).facts).toMatchObject({ gtidPositionTables: [] });
  });
});
