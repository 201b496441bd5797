import type { Check } from './refusal.ts';

/** A read lock that stops the replication of a host has hurt it. */
export const replicaSurvivesLock: Check = ({ server: { replica } }, { level, stopReplicaSql }) => {
  const tables = replica?.lockConflictTables ?? [];
  if (level === 'crash' || stopReplicaSql || tables === 'unseen' || tables[0] === undefined) return [];
  const [{ table, engine }] = tables;
  const more = tables.length === 1 ? '' : ` and ${tables.length - 1} more`;
  return [
    {
      code: 'server-unsupported',
      message: `${table} (${engine})${more} is not transactional, and parallel workers keep the order of commits: the read lock can stop this replica (error 3030)`,
      hint: `Stop its SQL thread for the lock (--stop-replica-sql), or convert: ALTER TABLE ${table} ENGINE = InnoDB; (each of them, on the source).`,
    },
  ];
};
