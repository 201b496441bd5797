import { type Row, type ServerQuestion, ServerRefusal, type ServerSession } from '../../src/agent/ports.ts';

/** What the server says to a statement: rows, an error number, or (a list of lists) something else each time. */
export type Answer = readonly Row[] | number | { readonly inTurn: readonly (readonly Row[] | number)[] };

/**
 * A server that answers from a script, for conversations that no server at hand can be made to hold.
 * A statement that is not in the script fails the test. `said` holds what was asked, in order.
 */
export function scriptedSession(script: Readonly<Record<string, Answer>>): ServerSession & { readonly said: string[] } {
  const said: string[] = [];
  const turns = new Map<string, number>();
  const run = async (sql: string): Promise<readonly Row[]> => {
    said.push(sql);
    const answer = script[sql];
    if (answer === undefined) throw new Error(`not in the script: ${sql}`);
    const turn = turns.get(sql) ?? 0;
    turns.set(sql, turn + 1);
    const now =
      typeof answer === 'object' && 'inTurn' in answer ? (answer.inTurn[turn] ?? answer.inTurn.at(-1) ?? []) : answer;
    if (typeof now === 'number') throw new ServerRefusal(now, `error ${now}`);
    return now;
  };
  return {
    said,
    connectionId: 42,
    address: '/run/mysqld/mysqld.sock',
    run,
    ask: ({ sql }: ServerQuestion) => run(sql),
    [Symbol.asyncDispose]: async () => {
      said.push('(closed)');
    },
  };
}
