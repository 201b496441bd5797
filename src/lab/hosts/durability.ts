/** `innodb_flush_log_at_trx_commit` / `sync_binlog`. */
export const DURABILITIES = ['1/1', '2/0', '0/0'] as const;
export type Durability = (typeof DURABILITIES)[number];

export function durabilitySettings(durability: Durability): readonly string[] {
  const [flushLog, syncBinlog] = durability.split('/');
  return [`--innodb-flush-log-at-trx-commit=${flushLog}`, `--sync-binlog=${syncBinlog}`];
}
