import { planLock } from '../lock-plan.ts';
import type { Check } from './refusal.ts';

/** What cannot be proven under the lock is refused before it: nobody is to wait for a run that is bound to fail. */
export const redoProvable: Check = ({ server }, { level }) => {
  if (level === 'crash') return [];
  const { redo } = planLock(server);
  if (redo.by === 'setting' || server.flushedLsnReported) return [];
  return [
    {
      code: 'server-unsupported',
      message: `innodb_flush_log_at_trx_commit is 0 and this server does not report ${redo.flushed}: that its commits have reached the redo log cannot be proven`,
      hint: 'SET GLOBAL innodb_flush_log_at_trx_commit = 1;',
    },
  ];
};
