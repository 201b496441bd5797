import { type EntryKey, entryKey, LEDGERS } from '../load/ledger.ts';
import { SCHEMA } from '../load/schema.ts';

/** What stands in a stretch of binary log. */
export interface BinlogContents {
  /** The entries made in the ledgers. */
  readonly entries: ReadonlySet<EntryKey>;
  /** Everything that took a GTID: transactions and single statements. */
  readonly transactions: number;
  /** Whether it goes on in another file. */
  readonly rotated: boolean;
}

/**
 * Reads the text of `mariadb-binlog --base64-output=decode-rows -v`, line by line. A row event shows as
 *
 *     ### INSERT INTO `lab`.`ledger_innodb`
 *     ### SET
 *     ###   @1=3
 *     ###   @2=1042
 *
 * the beginning of a transaction as `#… end_log_pos …<tab>GTID 0-1-99 trans`, and a rotation as
 * `#… end_log_pos …<tab>Rotate to mysql-bin.000005  pos: 4`.
 */
export class BinlogText {
  readonly #entries = new Set<EntryKey>();
  #transactions = 0;
  #rotated = false;
  #ledger: (typeof LEDGERS)[number] | undefined;
  #writer: number | undefined;

  read(line: string): void {
    if (line.startsWith('###')) this.#readRow(line);
    else if (/^#\d{6} .*\tGTID \d+-\d+-\d+/.test(line)) this.#transactions += 1;
    else if (/^#\d{6} .*\tRotate to /.test(line)) this.#rotated = true;
  }

  get contents(): BinlogContents {
    return { entries: this.#entries, transactions: this.#transactions, rotated: this.#rotated };
  }

  #readRow(line: string): void {
    const insert = /^### (?:INSERT INTO|UPDATE|DELETE FROM) `(.*)`\.`(.*)`$/.exec(line);
    if (insert) {
      const isInsert = line.startsWith('### INSERT') && insert[1] === SCHEMA;
      this.#ledger = isInsert ? LEDGERS.find((ledger) => ledger === insert[2]) : undefined;
      this.#writer = undefined;
      return;
    }
    const value = /^### {3}@([12])=(\d+)/.exec(line);
    if (!value || !this.#ledger) return;
    if (value[1] === '1') this.#writer = Number(value[2]);
    else if (this.#writer !== undefined) {
      this.#entries.add(entryKey(this.#ledger, this.#writer, Number(value[2])));
      this.#writer = undefined;
    }
  }
}
