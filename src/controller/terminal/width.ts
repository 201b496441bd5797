import stringWidth from 'string-width';

/** In columns of a terminal: an ideograph and an emoji take two, a combining mark none. */
export const widthOf = (text: string): number => stringWidth(text);

export const padToWidth = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(width - widthOf(text), 0));

const GRAPHEMES = new Intl.Segmenter();

/** The longest beginning that is at most so wide; no character is cut in two. */
export function cutToWidth(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let [cut, left] = ['', width];
  for (const { segment } of GRAPHEMES.segment(text)) {
    left -= widthOf(segment);
    if (left < 0) break;
    cut += segment;
  }
  return cut;
}
