/**
 * What the name of an error of AWS or of its SDK stands for:
 * `credentials` are missing, expired or not accepted; `denied`: the identity may not do that;
 * `throttled`: refused for the moment, not carried out, may be repeated;
 * `uncoded`: an answer that bears no error code of AWS, as from a proxy.
 */
export type AwsErrorKind = keyof typeof NAMES;

/** [doc: Common Error Types of EC2, SSM and IAM; model: client-ssm; sdk: @smithy/core service-error-classification] */
const NAMES = {
  credentials: new Set([
    // The SDK's own, where it finds none.
    'CredentialsProviderError',
    'TokenProviderError',
    'ExpiredToken',
    'ExpiredTokenException',
    'RequestExpired',
    'AuthFailure',
    'InvalidClientTokenId',
    'UnrecognizedClientException',
    'InvalidSignatureException',
    'SignatureDoesNotMatch',
    // With the suffix from services that speak JSON.
    'IncompleteSignature',
    'IncompleteSignatureException',
    'MissingAuthenticationToken',
    'MissingAuthenticationTokenException',
  ]),
  denied: new Set(['AccessDenied', 'AccessDeniedException', 'NotAuthorized', 'OptInRequired', 'UnauthorizedOperation']),
  throttled: new Set([
    'EC2ThrottledException',
    'RequestLimitExceeded',
    'RequestThrottled',
    'RequestThrottledException',
    'ThrottledException',
    'Throttling',
    'ThrottlingException',
    'TooManyRequestsException',
    // SSM, of a resource that takes one update at a time.
    'TooManyUpdates',
  ]),
  // The names that the SDK and JavaScript give.
  uncoded: new Set(['', 'Unknown', 'UnknownError', 'NotFound', 'Error', 'SyntaxError', 'TypeError']),
} as const satisfies Readonly<Record<string, ReadonlySet<string>>>;

const KINDS = Object.keys(NAMES) as readonly AwsErrorKind[];

/** The kind of error that bears this name; undefined for every other error code of AWS. */
export const awsErrorKind = (name: string): AwsErrorKind | undefined => KINDS.find((kind) => NAMES[kind].has(name));
