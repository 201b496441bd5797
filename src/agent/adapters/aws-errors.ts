import { messageOf, RunError } from '../../shared/errors.ts';

/** What every error of the SDK may carry. */
interface SdkError {
  readonly name: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const CREDENTIALS =
  /^(CredentialsProviderError|TokenProviderError|ExpiredToken|ExpiredTokenException|RequestExpired|AuthFailure|InvalidClientTokenId|UnrecognizedClientException|InvalidSignatureException|SignatureDoesNotMatch)$/;
const UNKNOWN_INSTANCE = /^InvalidInstanceID\./;
const PERMISSION = /^(UnauthorizedOperation|AccessDenied|AccessDeniedException)$/;

/** The RunError of a call that failed before anything was touched; `action` is named as IAM names it. */
export function refusedByAws(action: string, error: unknown): RunError {
  if (error instanceof RunError) return error;
  const { name } = error as SdkError;
  const message = readableMessage(error);
  if (CREDENTIALS.test(name)) return new RunError('no-credentials', `${action}: ${message}`, { cause: error });
  if (PERMISSION.test(name)) {
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

/**
 * What AWS says, for a log. EC2 encodes the reason of a denial into a long opaque text, which helps nobody. After a wrong
 * signature other services repeat the request that they would have signed, the session token in it, on further lines.
 */
export const readableMessage = (error: unknown): string =>
  messageOf(error).replace(/\s*(\n|Encoded authorization failure message:).*$/s, '');

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
  return new RunError('no-identity', `${action} in ${where}: ${readableMessage(error)}`, { cause: error, hint });
}

/**
 * Whether EC2 has definitely not carried a request out: it answered, and with an error of the caller's or a
 * throttle. No answer, or an error of EC2's own (HTTP 500), leaves that open.
 */
export function isDefiniteRefusal(error: unknown): boolean {
  const { name, $metadata } = error as SdkError;
  const status = $metadata?.httpStatusCode;
  if (name === 'RequestLimitExceeded') return true;
  return status !== undefined && status >= 400 && status < 500;
}

/** A DryRun that would have been carried out answers this error. */
export const isDryRunSuccess = (error: unknown): boolean => (error as SdkError).name === 'DryRunOperation';
