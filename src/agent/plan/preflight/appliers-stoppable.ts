import { unquotableChannels } from '../appliers.ts';
import type { Check } from './refusal.ts';

/** What cannot be named safely is not stopped. */
export const appliersStoppable: Check = ({ server }, { level, stopReplicaSql }) => {
  if (!stopReplicaSql || level === 'crash') return [];
  return unquotableChannels(server).map((name) => ({
    code: 'server-unsupported',
    message: `--stop-replica-sql: the replication channel ${JSON.stringify(name)} has a name that is put into no statement`,
    hint: 'Leave out --stop-replica-sql, or give the channel a name without quotes and backslashes.',
  }));
};
