import type { Outcome } from '../../shared/result.ts';

/** Colour for people, and only where they see it. */
export interface Style {
  outcome(outcome: Outcome, text: string): string;
  faint(text: string): string;
}

const PLAIN: Style = { outcome: (_outcome, text) => text, faint: (text) => text };

const sgr = (code: number, text: string): string => `\x1b[${code}m${text}\x1b[0m`;
const COLOUR_OF = { done: 32, refused: 33, failed: 31, unsafe: 35 } as const satisfies Record<Outcome, number>;

const COLOURED: Style = {
  outcome: (outcome, text) => sgr(COLOUR_OF[outcome], text),
  faint: (text) => sgr(2, text),
};

/** The style of a stream: coloured on a terminal, plain where NO_COLOR is set (no-color.org) or the output goes elsewhere. */
export function styleFor(stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv): Style {
  const wanted = stream.isTTY === true && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
  return wanted ? COLOURED : PLAIN;
}
