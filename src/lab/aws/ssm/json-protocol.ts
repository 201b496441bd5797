import * as v from 'valibot';
import { ApiError } from '../api-error.ts';
import type { HttpAnswer } from '../http-server.ts';

/** Systems Manager's protocol: JSON 1.1, the action in X-Amz-Target [Smithy: AWS JSON 1.1]. */

const HEADERS = { 'content-type': 'application/x-amz-json-1.1' };

export const answerJson = (result: object): HttpAnswer => ({
  status: 200,
  headers: HEADERS,
  body: JSON.stringify(result),
});

export const refuseJson = ({ code, message, status }: ApiError): HttpAnswer => ({
  status,
  headers: HEADERS,
  body: JSON.stringify({ __type: code, message, Message: message }),
});

/** Parses an action's parameters; what the lab does not implement is refused by name, never ignored. */
export function parseInput<S extends v.GenericSchema>(schema: S, input: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const name = v.getDotPath(issue) ?? '';
  const what =
    issue.type === 'strict_object' && issue.expected === 'never' ? 'is not implemented by the lab' : issue.message;
  throw new ApiError(
    'ValidationException',
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: ${what}`,
  );
}

/** A moment as the protocol writes it: seconds since the epoch. */
export const seconds = (time: number): number => time / 1000;

/** What is not there is left out. */
export const present = <T extends object>(object: T): Partial<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;
