import { type EntryKey, entryKey, LEDGERS } from '../load/ledger.ts';
import { SCHEMA } from '../load/schema.ts';

/** What stands in a stretch of binary log. */
export interface BinlogContents {
  /** The entries made in the ledgers. */
  readonly entries: ReadonlySet<EntryKey>;
  /** How many events are more than the log's own housekeeping, and the first of them. Of a commit there are several. */
  readonly changes: number;
  readonly firstChange: string | undefined;
}

/**
 * Events by which a server keeps its log and changes no data. A checkpoint may come up to a second after a rotation,
 * with no read lock to hold it back.
 */
const HOUSEKEEPING = /^(?:Start: binlog v|Gtid list |Previous-GTIDs$|Binlog checkpoint |Rotate to |Stop$)/;

const EVENT = /^#\d{6} [^\t]*\t(.*)$/;

/**
 * Reads the text of `mariadb-binlog` or `mysqlbinlog`, with `--base64-output=decode-rows --verbose`, line by line. A row
 * event shows as
 *
 *     ### INSERT INTO `lab`.`ledger_innodb`
 *     ### SET
 *     ###   @1=3
 *     ###   @2=1042
 *
 * and the head of every event as `#261122  8:53:25 server id 1  end_log_pos 1507 CRC32 0x8e997ccd <tab>GTID 0-1-99 trans`;
 * of MySQL it goes on with `GTID<tab>last_committed=0<tab>…`.
 */
export class BinlogText {
  readonly #entries = new Set<EntryKey>();
  #changes = 0;
  #firstChange: string | undefined;
  #ledger: (typeof LEDGERS)[number] | undefined;
  #writer: number | undefined;

  read(line: string): void {
    if (line.startsWith('###')) {
      this.#readRow(line);
      return;
    }
    const event = EVENT.exec(line)?.[1];
    if (event === undefined || HOUSEKEEPING.test(event)) return;
    this.#changes += 1;
    this.#firstChange ??= event.replaceAll('\t', ' ');
  }

  get contents(): BinlogContents {
    return { entries: this.#entries, changes: this.#changes, firstChange: this.#firstChange };
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
