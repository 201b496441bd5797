/** The end of what is whole in a binary log. */
export interface BinlogEnd {
  /** The first byte after the last event that leaves no transaction open. */
  readonly position: number;
  /** The last whole transaction's GTID: `0-1-99`, or MySQL's `<uuid>:99`. Absent where none has one. */
  readonly gtid?: string;
}

const HEAD = /^#\d{6} .*? end_log_pos (\d+) [^\t]*\t(.*)$/;

/** MariaDB's event holds the GTID, MySQL's is followed by a statement that sets it. */
const GTID = /^(?:Anonymous_)?GTID(?: (\d+-\d+-\d+))?/;
const GTID_NEXT = /^SET @@SESSION\.GTID_NEXT= '([^']+:\d+)'/;

/** The settings that precede the statement of a Query event end so; the statement's own end is a line of this alone. */
const DELIMITER = '/*!*/;';

/**
 * Finds the end of the last whole transaction in the text of `mariadb-binlog` or `mysqlbinlog` of one file, line by line.
 * An image that was taken without a lock may end in the middle of a transaction, or of an event. The text then ends
 * before it, and the recovering server rolls it back.
 *
 * A transaction is a GTID event and what follows it: either one statement (DDL), or `START TRANSACTION` (MariaDB, part of
 * the GTID event) or `BEGIN` (MySQL, a Query event) … to an Xid event or a Query event of `COMMIT` or `ROLLBACK`.
 * XA transactions are not looked for: the lab's load has none.
 */
export class BinlogEndText {
  #end: BinlogEnd | undefined;
  #open: { gtid?: string; isTransaction: boolean } | undefined;
  /** A Query event whose statement has not come yet; the lines after its head tell it. */
  #query: { readonly position: number } | undefined;

  read(line: string): void {
    const head = HEAD.exec(line);
    if (head) this.#readHead(Number(head[1]), head[2] ?? '');
    else if (line.endsWith(DELIMITER)) this.#readSetting(line);
    else if (this.#query) this.#readStatement(line, this.#query.position);
    else if (this.#open && line === 'START TRANSACTION') this.#open.isTransaction = true;
  }

  /** Absent where the file does not hold a single whole event. */
  get end(): BinlogEnd | undefined {
    return this.#end;
  }

  #readHead(position: number, event: string): void {
    const gtid = GTID.exec(event);
    this.#query = undefined;
    if (gtid) this.#open = { ...(gtid[1] !== undefined && { gtid: gtid[1] }), isTransaction: false };
    else if (event.startsWith('Query\t')) this.#query = { position };
    else if (event.startsWith('Xid = ')) this.#close(position);
    // The log's own housekeeping.
    else if (!this.#open && position > 0) this.#end = { ...this.#end, position };
  }

  #readSetting(line: string): void {
    const gtid = GTID_NEXT.exec(line)?.[1];
    if (gtid !== undefined && this.#open) this.#open.gtid = gtid;
  }

  #readStatement(firstLine: string, position: number): void {
    this.#query = undefined;
    if (this.#open && firstLine === 'BEGIN') this.#open.isTransaction = true;
    else if (!this.#open?.isTransaction || /^(?:COMMIT|ROLLBACK)$/.test(firstLine)) this.#close(position);
  }

  #close(position: number): void {
    const gtid = this.#open?.gtid ?? this.#end?.gtid;
    this.#open = undefined;
    this.#end = { position, ...(gtid !== undefined && { gtid }) };
  }
}
