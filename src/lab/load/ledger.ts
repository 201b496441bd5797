/** The tables into which every writer writes down what it has done, one for each kind of engine. */
export const LEDGERS = ['ledger_innodb', 'ledger_myisam'] as const;
export type Ledger = (typeof LEDGERS)[number];

/** Those whose engine knows transactions. */
export const TRANSACTIONAL_LEDGERS: readonly Ledger[] = ['ledger_innodb'];

export const isLedger = (text: string): text is Ledger => (LEDGERS as readonly string[]).includes(text);

/** One entry of a ledger, as text, so that sets of them are cheap: `ledger_innodb:3:1042`. */
export type EntryKey = `${Ledger}:${number}:${number}`;

export const entryKey = (ledger: Ledger, writer: number, seq: number): EntryKey => `${ledger}:${writer}:${seq}`;

/** A commit that the server acknowledged. Times are milliseconds of the wall clock. */
export interface Commit {
  readonly ledger: Ledger;
  readonly writer: number;
  readonly seq: number;
  readonly sentAt: number;
  readonly ackedAt: number;
}

/** What makes a load hostile beyond its commits: how often each was done. */
export type Hostility = Readonly<Record<'ddl' | 'flushLogs' | 'longReads', number>>;

/** How much a load has done so far: commits by ledger, and the rest. */
export type Work = Readonly<Record<Ledger, number>> & Hostility;

/** What a load hands over at its end. */
export interface LoadReport {
  /** Those that it wrote to. */
  readonly ledgers: readonly Ledger[];
  readonly commits: readonly Commit[];
  readonly hostility: Hostility;
}

/** From sending a transaction's first statement to the acknowledgement of its commit, in milliseconds. */
export const longestCommitMs = ({ commits }: LoadReport): number =>
  commits.reduce((longest, { sentAt, ackedAt }) => Math.max(longest, ackedAt - sentAt), 0);
