import * as v from 'valibot';
import { RunError } from './errors.ts';

/** The answer to `action` as its schema has it. Throws RunError `aws-unreachable` naming what is wrong in it. */
export function parseResponse<const S extends v.GenericSchema>(
  action: string,
  schema: S,
  answer: unknown,
): v.InferOutput<S> {
  const parsed = v.safeParse(schema, answer);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new RunError(
    'aws-unreachable',
    `${action}: the answer is not one of AWS: ${v.getDotPath(issue)}: ${issue.message}`,
    {
      hint: 'Something else answers in its place: check AWS_ENDPOINT_URL, the proxy and the DNS of the endpoint.',
    },
  );
}
