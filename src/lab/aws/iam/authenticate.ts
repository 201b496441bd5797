import type { ServiceName } from '../account.ts';
import { ApiError } from '../api-error.ts';
import type { HttpRequest } from '../http-server.ts';
import type { Principal, Principals } from './principals.ts';
import { isSignedWith, type Signature } from './sigv4.ts';

type Refusal = 'unknown-key' | 'expired' | 'wrong-signature';

/** The same refusal has another name in each service [EC2, STS and Systems Manager API references]. */
const REFUSALS: Readonly<Record<ServiceName, Readonly<Record<Refusal, readonly [string, string, number]>>>> = {
  ec2: {
    'unknown-key': ['AuthFailure', 'AWS was not able to validate the provided access credentials', 401],
    expired: ['RequestExpired', 'Request has expired.', 400],
    'wrong-signature': ['AuthFailure', 'AWS was not able to validate the provided access credentials', 401],
  },
  ssm: {
    'unknown-key': ['UnrecognizedClientException', 'The security token included in the request is invalid.', 400],
    expired: ['ExpiredTokenException', 'The security token included in the request is expired', 400],
    'wrong-signature': ['InvalidSignatureException', 'The request signature we calculated does not match.', 400],
  },
  sts: {
    'unknown-key': ['InvalidClientTokenId', 'The security token included in the request is invalid.', 403],
    expired: ['ExpiredToken', 'The security token included in the request is expired', 403],
    'wrong-signature': ['SignatureDoesNotMatch', 'The request signature we calculated does not match.', 403],
  },
};

/** Who signed the request; throws the service's own error where nobody did. */
export function authenticate(
  principals: Principals,
  service: ServiceName,
  signature: Signature | undefined,
  request: HttpRequest,
  now: number,
): Principal {
  const refuse = (why: Refusal) => new ApiError(...REFUSALS[service][why]);
  if (signature === undefined) {
    throw new ApiError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
  }
  const key = principals.find(signature.accessKeyId);
  if (key === undefined || key.sessionToken !== request.headers['x-amz-security-token']) throw refuse('unknown-key');
  if (!isSignedWith(key.secretAccessKey, signature, request)) throw refuse('wrong-signature');
  if (key.expiration !== undefined && key.expiration.getTime() <= now) throw refuse('expired');
  return key.principal;
}
