import { awsErrorKind } from '../../shared/aws-error-names.ts';
import { RunError } from '../../shared/errors.ts';

/**
 * What AWS and the SDK throw, as errors of our table. `action` is named as IAM names it, like `ssm:SendCommand`.
 * Everything that ends here happened before or beside the run on the hosts: 10-29, or 2 where a value is at fault.
 */
export function fromAws(thrown: unknown, action: string): RunError {
  if (thrown instanceof RunError) return thrown;
  const error = describe(thrown);
  const kind = awsErrorKind(error.name);
  const options = { cause: thrown };
  if (/region is missing/i.test(error.message)) {
    return new RunError('usage', 'no AWS Region is given', {
      ...options,
      hint: 'Give --region, set AWS_REGION, or name a Region in the profile.',
    });
  }
  if (kind === 'credentials') {
    return new RunError('no-credentials', `${action}: ${error.message}`, {
      ...options,
      hint: 'Check --profile and AWS_PROFILE (is there such a profile?), or sign in again: the session may have expired.',
    });
  }
  if (kind === 'denied') {
    return new RunError('no-permission', `AWS denies ${action}: ${error.message}`, {
      ...options,
      hint: `Allow ${action} to the identity that runs the controller.`,
    });
  }
  const known = BY_NAME[error.name];
  if (known !== undefined) return new RunError(known, `${action}: ${error.message}`, options);
  if (isUnanswered(thrown) || kind === 'throttled' || error.status >= 500) {
    return new RunError('aws-unreachable', `${action}: ${error.message}`, {
      ...options,
      hint: 'Check the network, the proxy, and AWS_ENDPOINT_URL if it is set; then run again.',
    });
  }
  if (isForeign(error)) {
    return new RunError('aws-unreachable', `${action}: HTTP ${error.status} with an answer that is not one of AWS`, {
      ...options,
      hint: 'Something else answers in its place: check AWS_ENDPOINT_URL, the proxy and the DNS of the endpoint.',
    });
  }
  if (error.status >= 400) {
    return new RunError('usage', `AWS refuses ${action}: ${error.name}: ${error.message}`, {
      ...options,
      hint: 'Mend the value that the message names.',
    });
  }
  return new RunError('bug', `${action}: ${error.name}: ${error.message}`, options);
}

/** Runs one call to AWS; whatever it throws is one of our errors. */
export async function asking<T>(action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    throw fromAws(thrown, action);
  }
}

/** The same for each page of an answer. */
export async function* pagesOf<T>(action: string, pages: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = pages[Symbol.asyncIterator]();
  for (;;) {
    const page = await asking(action, () => iterator.next());
    if (page.done === true) return;
    yield page.value;
  }
}

/**
 * Whether the request may have been carried out all the same: no answer came, or one that the service made of its own
 * trouble, or one that is none of the service's. A connection that was never made, or a refusal, is not ambiguous.
 */
export function isAmbiguous(thrown: unknown): boolean {
  const error = describe(thrown);
  if (isThrottled(thrown) || NEVER_CONNECTED.has(codeOf(thrown) ?? '')) return false;
  return isUnanswered(thrown) || error.status >= 500 || isForeign(error);
}

/** Whether AWS refused the request for its rate: it was not carried out, and may be repeated. */
export const isThrottled = (thrown: unknown): boolean => awsErrorKind(describe(thrown).name) === 'throttled';

/** Whether the error bears this code of AWS's, like `InvalidDocument`. */
export const isNamed = (thrown: unknown, name: string): boolean => thrown instanceof Error && thrown.name === name;

/** An answer that is not understood, or an error without a code of AWS's: from a proxy, say, after it passed the request on. */
const isForeign = ({ name, status }: { name: string; status: number }): boolean =>
  status > 0 && (status < 400 || awsErrorKind(name) === 'uncoded');

const BY_NAME: Readonly<Record<string, 'document-invalid' | 'no-target'>> = {
  InvalidDocument: 'document-invalid',
  InvalidDocumentContent: 'document-invalid',
  InvalidDocumentOperation: 'document-invalid',
  InvalidDocumentSchemaVersion: 'document-invalid',
  InvalidDocumentVersion: 'document-invalid',
  DocumentAlreadyExists: 'document-invalid',
  DocumentLimitExceeded: 'document-invalid',
  DocumentVersionLimitExceeded: 'document-invalid',
  MaxDocumentSizeExceeded: 'document-invalid',
  InvalidInstanceId: 'no-target',
  UnsupportedPlatformType: 'no-target',
};

const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const UNANSWERED = new Set([...NEVER_CONNECTED, 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ECONNABORTED', 'EPROTO']);

function isUnanswered(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const code = codeOf(thrown) ?? '';
  return (
    UNANSWERED.has(code) ||
    /^(ERR_TLS|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED)/.test(code) ||
    thrown.name === 'TimeoutError'
  );
}

function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return codeOf(thrown.cause);
}

/** Name, text in one line, and HTTP status (0 where no answer came). */
function describe(thrown: unknown): { name: string; message: string; status: number } {
  if (!(thrown instanceof Error)) return { name: 'Error', message: String(thrown), status: 0 };
  const nested = thrown instanceof AggregateError ? thrown.errors.map(String).join('; ') : '';
  const text = thrown.message || nested || codeOf(thrown) || thrown.name;
  const metadata = '$metadata' in thrown ? (thrown.$metadata as { httpStatusCode?: number } | undefined) : undefined;
  return { name: thrown.name, message: text.replace(/\s+/g, ' ').trim(), status: metadata?.httpStatusCode ?? 0 };
}
