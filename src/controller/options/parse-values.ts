import { RunError } from '../../shared/errors.ts';

/** The name of a Command document of the user's own. Throws `usage`. */
export function parseDocumentName(text: string, option: string): string {
  if (/^[A-Za-z0-9_.-]{3,128}$/.test(text) && !/^(aws|amazon|amzn)/i.test(text)) return text;
  throw new RunError('usage', `'${text}' is not valid for ${option}`, {
    hint: 'A document name has 3 to 128 letters, digits and _.- and does not begin with aws, amazon or amzn.',
  });
}

/** A number of hosts or a percentage, as SendCommand has it; `least` is its smallest number. */
export function parseShare(text: string, option: string, least: 0 | 1): string {
  const match = /^(\d{1,7})(%?)$/.exec(text);
  const number = Number(match?.[1]);
  if (match !== null && number >= least && (match[2] === '' || number <= 100)) return text;
  throw new RunError('usage', `'${text}' is not valid for ${option}`, {
    hint: 'Give a number of hosts like 10, or a percentage of them like 10%.',
  });
}

const UNITS_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/** Milliseconds of hours, days or weeks. Throws `usage`. */
export function parseDuration(text: string, option: string): number {
  const [, count, unit = ''] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (UNITS_MS[unit] ?? 0);
  throw new RunError('usage', `'${text}' is not valid for ${option}`, {
    hint: 'Give hours, days or weeks, like 36h, 14d or 8w.',
  });
}

/** The key of `tag:Key`. Throws `usage`. */
export function parseTagKey(text: string, option: string): string {
  const key = /^tag:([^=]{1,127})$/.exec(text)?.[1];
  if (key !== undefined) return key;
  throw new RunError('usage', `'${text}' is not valid for ${option}`, {
    hint: 'The form is tag:Key, like tag:Cluster.',
  });
}
