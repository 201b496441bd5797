import * as v from 'valibot';
import { awsErrorKind } from '../../shared/aws-error-names.ts';
import { RunError } from '../../shared/errors.ts';

/** What an error of the SDK says: AWS's code as its name, and the text on one line. */
interface Told {
  readonly name: string;
  readonly message: string;
}

const Said = v.object({ name: v.string(), message: v.string() });
/** An error that is an answer. */
const Answer = v.object({ name: v.string(), $fault: v.string(), $metadata: v.object({ httpStatusCode: v.number() }) });

/**
 * Whatever was thrown. Only the first line is for a log: on further ones services repeat the request that they would have
 * signed, the session token in it, and the SDK adds hints for programmers. EC2 encodes the reason of a denial into a long
 * opaque text, which helps nobody.
 */
export function describeError(thrown: unknown): Told {
  if (!v.is(Said, thrown)) return { name: 'Error', message: 'the SDK failed without saying why' };
  if (v.is(Answer, thrown) && awsErrorKind(thrown.name) === 'uncoded') {
    return { name: 'Error', message: `HTTP ${thrown.$metadata.httpStatusCode}, without an error of AWS` };
  }
  const { name, message } = thrown;
  return { name, message: message.trim().replace(/\s*([\r\n]|Encoded authorization failure message:).*$/s, '') };
}

const UNKNOWN_INSTANCE = /^InvalidInstanceID\./;

/** The RunError of a call that failed before anything was touched; `action` is named as IAM names it. */
export function refusedByAws(action: string, error: unknown): RunError {
  if (error instanceof RunError) return error;
  const { name, message } = describeError(error);
  const kind = awsErrorKind(name);
  if (kind === 'credentials') return new RunError('no-credentials', `${action}: ${message}`, { cause: error });
  if (kind === 'denied') {
    return new RunError('no-permission', `${action} is denied: ${message}`, {
      cause: error,
      hint: `Allow ${action} to the role of this host; the least policy is in the README.`,
    });
  }
  if (UNKNOWN_INSTANCE.test(name)) return unknownInstance(action, error);
  const told = `${action}: ${name === 'Error' ? '' : `${name}: `}${message}`;
  if (!isDefiniteRefusal(error)) return new RunError('aws-unreachable', told, { cause: error });
  return new RunError('aws-unreachable', `${told} (AWS was reached and refused the request)`, {
    cause: error,
    hint: 'The way to AWS is in order. A throttle passes by itself: run again later; for anything else see the message.',
  });
}

/** EC2's message names the instance; the Region is the one that `identify` decided for. */
function unknownInstance(action: string, error: unknown): RunError {
  const region = process.env['AWS_REGION'];
  const [where, hint] =
    region === undefined
      ? [
          'the Region of its identity document',
          'See whether the AWS credentials are those of the account it belongs to.',
        ]
      : [`the Region ${region}`, `AWS_REGION is set to ${region}: unset it, or set it to the Region of this instance.`];
  return new RunError('no-identity', `${action} in ${where}: ${describeError(error).message}`, { cause: error, hint });
}

/**
 * Whether AWS has definitely not carried a request out: it answered, and with an error of the caller's or a throttle.
 * No answer, an error of AWS's own (HTTP 500), or one that bears no code of AWS's, as from a proxy, leaves that open.
 */
export function isDefiniteRefusal(thrown: unknown): boolean {
  if (!v.is(Answer, thrown)) return false;
  const kind = awsErrorKind(thrown.name);
  if (kind === 'uncoded') return false;
  const { httpStatusCode: status } = thrown.$metadata;
  return kind === 'throttled' || (status >= 400 && status < 500);
}

/** A DryRun that would have been carried out answers this error. */
export const isDryRunSuccess = (thrown: unknown): boolean => v.is(Answer, thrown) && thrown.name === 'DryRunOperation';
