import { describe, expect, it } from 'vitest';
import { isDefiniteRefusal, refusedByAws } from '../../../src/agent/adapters/aws-errors.ts';
import { fromAws, isAmbiguous, isThrottled } from '../../../src/controller/aws/aws-errors.ts';

/** An answer of a service, as the SDK throws it. */
const answer = (name: string, httpStatusCode = 400) =>
  Object.assign(new Error('text'), { name, $fault: 'client', $metadata: { httpStatusCode } });
const codes = (thrown: Error) => [refusedByAws('ec2:Any', thrown).code, fromAws(thrown, 'ec2:Any').code];

describe('agent and controller read an error of AWS alike', () => {
  it.each([
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
    'IncompleteSignature',
    'IncompleteSignatureException',
    'MissingAuthenticationToken',
    'MissingAuthenticationTokenException',
  ])('%s: the credentials', (name) => {
    expect(codes(answer(name, 403))).toEqual(['no-credentials', 'no-credentials']);
  });

  it.each(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'NotAuthorized', 'OptInRequired'])(
    '%s: denied',
    (name) => {
      expect(codes(answer(name, 403))).toEqual(['no-permission', 'no-permission']);
    },
  );

  it.each([
    'Throttling',
    'ThrottlingException',
    'ThrottledException',
    'EC2ThrottledException',
    'RequestLimitExceeded',
    'RequestThrottled',
    'RequestThrottledException',
    'TooManyRequestsException',
    'TooManyUpdates',
  ])('%s: throttled, so not carried out, whatever the HTTP status', (name) => {
    for (const status of [400, 503]) {
      expect(codes(answer(name, status))).toEqual(['aws-unreachable', 'aws-unreachable']);
      expect(isDefiniteRefusal(answer(name, status))).toBe(true);
      expect(isAmbiguous(answer(name, status))).toBe(false);
    }
    expect(isThrottled(answer(name))).toBe(true);
  });

  it.each(['', 'Unknown', 'UnknownError', 'NotFound', 'Error', 'SyntaxError', 'TypeError'])(
    "'%s' is no code of AWS: whether the request was carried out is not known",
    (name) => {
      expect(codes(answer(name, 403))).toEqual(['aws-unreachable', 'aws-unreachable']);
      expect(isDefiniteRefusal(answer(name, 403))).toBe(false);
      expect(isAmbiguous(answer(name, 403))).toBe(true);
    },
  );

  it('any other error of the caller is a refusal', () => {
    expect(isDefiniteRefusal(answer('InvalidParameterValue'))).toBe(true);
    expect(isAmbiguous(answer('InvalidParameterValue'))).toBe(false);
  });
});
