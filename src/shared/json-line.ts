/**
 * JSON on one line that a terminal takes for nothing but text: what JSON itself leaves as it is (C1 controls, which steer
 * terminals, line separators, format characters) is escaped too. Whoever parses it gets the same.
 */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);

const escaped = (character: string): string =>
  Array.from({ length: character.length }, (_, index) => character.charCodeAt(index).toString(16).padStart(4, '0'))
    .map((digits) => `\\u${digits}`)
    .join('');
