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
  'SEQUENCE',
  'PERFORMANCE_SCHEMA',
];
