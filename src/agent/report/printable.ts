/**
 * One line for a terminal or a log. What a server, a file name or a tag may carry must neither steer a terminal nor
 * pass for another line: control and format characters, terminal escapes among them, show as a replacement character.
 */
export const printable = (line: string): string => line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�');
