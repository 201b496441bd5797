import type { ServerFacts } from '../../../../src/agent/discovery/facts.ts';
import { readServer } from '../../../../src/agent/discovery/server-facts.ts';
import type { Level } from '../../../../src/shared/result.ts';
import { describedHost } from '../../../fixtures/described-host.ts';
import { mariadb, mysql } from '../../../fixtures/described-server.ts';

const SEES_ALL = [{ grant: 'GRANT ALL PRIVILEGES ON *.*' }];

/** A server as it comes (MySQL 8.4, or MariaDB 10.11 with a synced binary log), read by an account that may see everything. */
export async function serverOf(flavour: 'mysql' | 'mariadb', level: Level = 'auto'): Promise<ServerFacts> {
  const { answers, tree } =
    flavour === 'mysql'
      ? mysql('8.4.3', {
          answers: { grants: [{ grant: 'GRANT RELOAD, PROCESS, REPLICATION CLIENT, SHOW VIEW ON *.*' }] },
        })
      : mariadb({ variables: { sync_binlog: '1' }, answers: { grants: SEES_ALL } });
  return readServer({ ask: async ({ name }) => answers[name] ?? [] }, describedHost(tree), level);
}
