/** Engines whose files lie where `server-files.ts` looks for them, or that keep none. Upper case. */
export const ENGINES_UNDERSTOOD: readonly string[] = [
  'INNODB',
  'MYISAM',
  'MRG_MYISAM',
  'ARIA',
  'CSV',
  'ARCHIVE',
  'MEMORY',
  'BLACKHOLE',
  // Its rows are another server's; here it has its definition, and its statements wait for the lock as any other.
  'FEDERATED',
  'SEQUENCE',
  'PERFORMANCE_SCHEMA',
];
