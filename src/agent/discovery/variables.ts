import { RunError } from '../../shared/errors.ts';
import type { Row } from '../ports.ts';
import type { VariableName } from './server-questions.ts';

/** Global variables as the server tells them: name in lower case -> text. */
export type Variables = ReadonlyMap<string, string>;

/** `SHOW VARIABLES`/`SHOW STATUS` rows, whatever case the server writes the columns in. */
export function toVariables(rows: readonly Row[]): Variables {
  return new Map(rows.map((row) => [text(row, 'Variable_name').toLowerCase(), text(row, 'Value')]));
}

/** The text of a column. */
export function text(row: Row, column: string): string {
  const key = Object.keys(row).find((name) => name.toLowerCase() === column.toLowerCase());
  const value = key === undefined ? undefined : row[key];
  if (typeof value !== 'string') throw notUnderstood(column, JSON.stringify(value));
  return value;
}

/** The RunError of an answer that nobody foresaw; it names what was asked. */
export const notUnderstood = (name: string, value: string): RunError =>
  new RunError('server-unsupported', `the server's answer for ${name} is not understood: ${value}`);

export function required(variables: Variables, name: VariableName): string {
  const value = variables.get(name);
  if (value === undefined) throw notUnderstood(name, 'no such variable');
  return value;
}

export function integer(variables: Variables, name: VariableName): number {
  const value = required(variables, name);
  if (!/^\d{1,15}$/.test(value)) throw notUnderstood(name, value);
  return Number(value);
}

export function onOff(variables: Variables, name: VariableName): boolean {
  const value = required(variables, name).toUpperCase();
  if (!['ON', 'OFF', '1', '0'].includes(value)) throw notUnderstood(name, value);
  return value === 'ON' || value === '1';
}

/** The number where text is one, else the text as it is: parsing it then names what is wrong. */
export const wholeNumber = (text: string | null | undefined): number | string | null | undefined =>
  text && /^\d+$/.test(text) ? Number(text) : text;
