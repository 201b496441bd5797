import * as v from 'valibot';

/**
 * The name of a binary log as a server gives it. It goes into a SQL literal, a path, a tag and files that are read line
 * by line, so it holds nothing that any of these takes for more than a name. Short enough for a tag with its position.
 */
const BinlogFile = v.pipe(
  v.string(),
  v.regex(/^[^\p{C}\p{Zl}\p{Zp}\ufffd'"`\\/]{1,200}\.\d{1,12}$/u, 'is not the name of a binary log'),
);

/** A place in a server's binary log: the first byte after the last event that is in the set. */
export const BinlogPosition = v.object({
  file: BinlogFile,
  position: v.pipe(
    v.number('is not a position'),
    v.safeInteger('is not a position'),
    v.minValue(4, 'is not a position'),
  ),
});
export type BinlogPosition = v.InferOutput<typeof BinlogPosition>;

const GtidSet = v.pipe(v.string(), v.regex(/^[\w:,-]+$/, 'is not a GTID set'));

/** What a replica has executed of one source: where another replica of that source has to begin. */
const Channel = v.object({
  /** MySQL's channel, MariaDB's connection; empty is the default one. */
  name: v.pipe(v.string(), v.maxLength(255, 'is longer than a name')),
  source: v.object({
    host: v.pipe(v.string(), v.maxLength(255, 'is longer than a name')),
    port: v.pipe(v.number('is no port'), v.safeInteger('is no port'), v.minValue(0, 'is no port')),
  }),
  /** In the source's binary log, executed (not read). Absent where nothing has been executed yet. */
  binlog: v.optional(BinlogPosition),
  /** False where parallel workers make `binlog` a low-water mark: some of what follows it has been executed, too. */
  exact: v.boolean(),
  /** Whether the replica finds its place by GTID: then a low-water mark does not matter. */
  autoPosition: v.boolean(),
});
export type Channel = v.InferOutput<typeof Channel>;

/**
 * The server's own coordinates: `binlog` is absent where the binary log is off, `gtid` where GTIDs are not in use.
 * `replica` only where it is one; `replica.gtid` is MariaDB's `gtid_slave_pos`. MySQL's `gtid` covers both; where its
 * binary log is off, `gtid_executed` is the replica's.
 */
export const Coordinates = v.object({
  binlog: v.optional(BinlogPosition),
  gtid: v.optional(GtidSet),
  replica: v.optional(v.object({ gtid: v.optional(GtidSet), channels: v.array(Channel) })),
});
export type Coordinates = v.InferOutput<typeof Coordinates>;

export const sameCoordinates = (a: Coordinates, b: Coordinates): boolean =>
  a.gtid === b.gtid && sameBinlog(a.binlog, b.binlog) && sameReplica(a, b);

/**
 * Whether a replica has executed the same of its sources. A low-water mark moves while nothing is executed, and a
 * rotation of the source moves any place: so only exact places count, and of a channel that goes by GTID its GTIDs.
 */
export function sameReplica({ replica: a }: Coordinates, { replica: b }: Coordinates): boolean {
  if (a === undefined || b === undefined) return a === b;
  const places = ({ channels }: typeof a) =>
    channels
      .map(
        ({ name, exact, autoPosition, binlog }) =>
          `${name} ${exact && !autoPosition && binlog && formatBinlog(binlog)}`,
      )
      .sort()
      .join('\n');
  return a.gtid === b.gtid && places(a) === places(b);
}

const sameBinlog = (a: BinlogPosition | undefined, b: BinlogPosition | undefined): boolean =>
  a?.file === b?.file && a?.position === b?.position;

/** `file:position`, as tags and results show it. */
export const formatBinlog = ({ file, position }: BinlogPosition): string => `${file}:${position}`;

/** The classic tool's one line, to be pasted into CHANGE MASTER TO. */
export const binlogInfoLine = ({ file, position }: BinlogPosition): string =>
  `MASTER_LOG_FILE='${file}', MASTER_LOG_POS=${position}\n`;
