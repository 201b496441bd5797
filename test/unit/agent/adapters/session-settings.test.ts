import { expect, it } from 'vitest';
import { applySessionSettings, settingsOf } from '../../../../src/agent/adapters/session-settings.ts';
import type { Row } from '../../../../src/agent/ports.ts';

const KEPT: Row = {
  version: '9.7.4',
  version_comment: 'MySQL Community Server',
  sql_mode: '',
  sql_select_limit: '18446744073709551615',
  autocommit: '1',
};

/** A server that answers so to the one question, and takes every SET. */
async function applied(answer: Row | undefined) {
  const said: string[] = [];
  const run = async (sql: string) => {
    said.push(sql);
    return sql.startsWith('SELECT ') && answer !== undefined ? [answer] : [];
  };
  const error = await applySessionSettings({ run }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { said, error };
}

it('sets literals alone: DEFAULT would be what the server has as its GLOBAL value', async () => {
  const { said, error } = await applied(KEPT);
  expect(error).toBeUndefined();
  expect(said.join('\n')).toContain("sql_mode = '', sql_select_limit = 18446744073709551615, sql_big_selects = 1");
  expect(said.join('\n')).not.toContain('DEFAULT');
  expect(said.filter((sql) => sql.startsWith('SELECT '))).toHaveLength(1);
});

it.each([
  ['mysql', 5, 7, 44, ['SET SESSION max_execution_time = 0']],
  ['percona', 8, 0, 36, ['SET SESSION max_execution_time = 0', 'SET ROLE ALL']],
  ['mysql', 26, 7, 0, ['SET SESSION max_execution_time = 0', 'SET ROLE ALL']],
  ['mysql', 5, 6, 51, []],
  ['mariadb', 10, 3, 39, ['SET SESSION max_statement_time = 0']],
] as const)('%s %i.%i: by the names that it knows', (flavour, major, minor, patch, statements) => {
  expect(settingsOf({ flavour, major, minor, patch })).toEqual(statements);
});

it.each([
  ['sql_select_limit', '50'],
  ['sql_mode', 'ANSI'],
  ['autocommit', '0'],
])('what was not kept is refused by name: %s', async (name, value) => {
  const { error } = await applied({ ...KEPT, [name]: value });
  expect(error).toMatchObject({
    code: 'server-unsupported',
    message: expect.stringContaining(`${name} is '${value}'`),
  });
});

it('an empty answer is no answer', async () => {
  expect((await applied(undefined)).error).toMatchObject({ code: 'server-unsupported' });
});
