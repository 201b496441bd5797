import * as v from 'valibot';

/** A place in a server's binary log: the first byte after the last event that is in the set. */
export const BinlogPosition = v.object({ file: v.string(), position: v.pipe(v.number(), v.integer(), v.minValue(4)) });
export type BinlogPosition = v.InferOutput<typeof BinlogPosition>;

/** The server's own coordinates. `binlog` is absent where the binary log is off, `gtid` where GTIDs are not in use. */
export const Coordinates = v.object({ binlog: v.optional(BinlogPosition), gtid: v.optional(v.string()) });
export type Coordinates = v.InferOutput<typeof Coordinates>;

export const sameCoordinates = (a: Coordinates, b: Coordinates): boolean =>
  a.gtid === b.gtid && a.binlog?.file === b.binlog?.file && a.binlog?.position === b.binlog?.position;

/** `file:position`, as tags and results show it. */
export const formatBinlog = ({ file, position }: BinlogPosition): string => `${file}:${position}`;

/** The classic tool's one line, to be pasted into CHANGE MASTER TO. */
export const binlogInfoLine = ({ file, position }: BinlogPosition): string =>
  `MASTER_LOG_FILE='${file}', MASTER_LOG_POS=${position}\n`;
