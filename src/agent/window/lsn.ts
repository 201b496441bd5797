/** A place in InnoDB's redo log, an unsigned number of 64 bits; `undefined` where the server reports none. */
export const parseLsn = (text: string | null | undefined): bigint | undefined =>
  text && /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
