/**
 * One line for a terminal or a log. What a server, a file name or a tag may carry must neither steer a terminal nor
 * pass for another line: control and format characters, terminal escapes among them, show as a replacement character.
 */
export const printable = (line: string): string =>
  (line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�');

/** In characters. What may be longer, a GTID set, is whole in the manifest. */
const LONGEST = 8192;
