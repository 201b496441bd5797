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

/**
 * Text of any length and any number of lines as one line of a table or a message: each run of white space, control and
 * format characters becomes one space, and none is left at the ends.
 */
export const onOneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
