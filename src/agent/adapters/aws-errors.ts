import { RunError } from '../../shared/errors.ts';

/** What every error of the SDK may carry. */
interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const CREDENTIALS =
  /^(CredentialsProviderError|TokenProviderError|ExpiredToken|ExpiredTokenException|RequestExpired|AuthFailure|InvalidClientTokenId|UnrecognizedClientException|InvalidSignatureException|SignatureDoesNotMatch)$/;
const PERMISSION = /^(UnauthorizedOperation|AccessDenied|AccessDeniedException)$/;

/** The RunError of a call that failed before anything was touched; `action` is named as IAM names it. */
export function refusedByAws(action: string, error: unknown): RunError {
  if (error instanceof RunError) return error;
  const { name, message } = error as SdkError;
  if (CREDENTIALS.test(name)) return new RunError('no-credentials', `${action}: ${message}`, { cause: error });
  if (PERMISSION.test(name)) {
    // EC2 encodes the reason into a long opaque text: it helps nobody who reads a log.
    const readable = message.replace(/\s*Encoded authorization failure message:.*$/s, '');
    return new RunError('no-permission', `${action} is denied: ${readable}`, {
      cause: error,
      hint: `Allow ${action} to the role of this host; the least policy is in the README.`,
    });
  }
  return new RunError('aws-unreachable', `${action}: ${name === 'Error' ? '' : `${name}: `}${message}`, {
    cause: error,
  });
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
