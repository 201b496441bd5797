import { describe, expect, it } from 'vitest';
import { fromAws, isAmbiguous } from '../../../../src/controller/aws/aws-errors.ts';
import { RunError } from '../../../../src/shared/errors.ts';

const named = (name: string, httpStatusCode?: number, message = 'text') =>
  Object.assign(new Error(message), {
    name,
    ...(httpStatusCode === undefined ? {} : { $metadata: { httpStatusCode } }),
  });
const coded = (code: string) => Object.assign(new Error(`connect ${code}`), { code });

describe('errors of AWS', () => {
  it.each([
    [named('AccessDeniedException', 400), 'no-permission'],
    [named('UnauthorizedOperation', 403), 'no-permission'],
    [named('CredentialsProviderError'), 'no-credentials'],
    [named('ExpiredTokenException', 400), 'no-credentials'],
    [named('UnrecognizedClientException', 400), 'no-credentials'],
    [named('InvalidDocument', 400), 'document-invalid'],
    [named('InvalidInstanceId', 400), 'no-target'],
    [named('ThrottlingException', 400), 'aws-unreachable'],
    [named('InternalServerError', 500), 'aws-unreachable'],
    [named('TimeoutError'), 'aws-unreachable'],
    [coded('ECONNREFUSED'), 'aws-unreachable'],
    [coded('CERT_HAS_EXPIRED'), 'aws-unreachable'],
    [new Error('wrapped', { cause: coded('ECONNRESET') }), 'aws-unreachable'],
    [named('ValidationException', 400), 'usage'],
    [new Error('Region is missing'), 'usage'],
    [new TypeError('x is not a function'), 'bug'],
  ])('%s is %s', (thrown, code) => {
    expect(fromAws(thrown, 'ssm:SendCommand').code).toBe(code);
  });

  it('names the action that is denied, in the message and in the hint, on one line', () => {
    const error = fromAws(named('AccessDeniedException', 400, 'User: x\n is not authorized'), 'ssm:SendCommand');
    expect(error.message).toBe('AWS denies ssm:SendCommand: User: x is not authorized');
    expect(error.hint).toContain('ssm:SendCommand');
  });

  it('leaves our own errors alone', () => {
    const own = new RunError('no-target', 'm');
    expect(fromAws(own, 'any')).toBe(own);
  });

  it.each([
    [coded('ECONNRESET'), true],
    [named('TimeoutError'), true],
    [named('InternalServerError', 500), true],
    [named('ServiceUnavailable', 503), true],
    [coded('ECONNREFUSED'), false],
    [coded('ENOTFOUND'), false],
    [named('ThrottlingException', 400), false],
    [named('ThrottlingException', 503), false],
    [named('InvalidParameters', 400), false],
    [named('CredentialsProviderError'), false],
  ])('%s: may have been carried out: %s', (thrown, ambiguous) => {
    expect(isAmbiguous(thrown)).toBe(ambiguous);
  });
});
