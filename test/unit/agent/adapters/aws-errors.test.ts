import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isDefiniteRefusal, isDryRunSuccess, refusedByAws } from '../../../../src/agent/adapters/aws-errors.ts';

/** An error as the SDK throws it: with a fault where the service answered. */
const sdkError = (name: string, status: number | undefined, message = 'as EC2 says') =>
  Object.assign(new Error(message), {
    name,
    $metadata: {},
    ...(status !== undefined && { $fault: 'client', $metadata: { httpStatusCode: status } }),
  });

afterEach(() => vi.unstubAllEnvs());

describe('what AWS says before anything is touched', () => {
  it.each([
    ['AuthFailure', 401, 'no-credentials'],
    ['UnauthorizedOperation', 403, 'no-permission'],
    ['InvalidInstanceID.NotFound', 400, 'no-identity'],
    ['InvalidInstanceID.Malformed', 400, 'no-identity'],
    ['InvalidParameterValue', 400, 'aws-unreachable'],
    ['InternalError', 500, 'aws-unreachable'],
    ['TimeoutError', undefined, 'aws-unreachable'],
  ])('%s (%s) is %s', (name, status, code) => {
    expect(refusedByAws('ec2:DescribeInstances', sdkError(name, status))).toMatchObject({ code });
  });

  it.each([
    ['InvalidParameterValue', 400, false],
    ['RequestLimitExceeded', 503, false],
    ['InternalError', 500, true],
    ['TimeoutError', undefined, true],
  ])('the network is blamed only where nothing definite came back: %s (%s): %s', (name, status, blamed) => {
    const { message, hint } = refusedByAws('ec2:DescribeVolumes', sdkError(name, status));
    expect(message).toContain(`ec2:DescribeVolumes: ${name}: as EC2 says`);
    expect(/DNS/.test(hint)).toBe(blamed);
  });

  it('what comes after the first line, the request with its session token, is not told', () => {
    const message = "does not match.\n\nThe Canonical String should have been\n'POST\nx-amz-security-token:geheim'";
    const told = refusedByAws('ssm:GetParameter', sdkError('InvalidSignatureException', 403, message));
    expect(told).toMatchObject({ code: 'no-credentials', message: 'ssm:GetParameter: does not match.' });
  });

  it('an unknown instance is told with the Region in use, and where that was taken from', () => {
    const error = sdkError('InvalidInstanceID.NotFound', 400, "The instance ID 'i-0123456789abcdef0' does not exist");
    vi.stubEnv('AWS_REGION', 'eu-west-9');
    expect(refusedByAws('ec2:DescribeInstances', error)).toMatchObject({
      message: expect.stringMatching(/eu-west-9.*i-0123456789abcdef0/),
      hint: expect.stringContaining('AWS_REGION is set to eu-west-9'),
    });
    vi.stubEnv('AWS_REGION', undefined);
    expect(refusedByAws('ec2:DescribeInstances', error).hint).not.toContain('AWS_REGION');
  });

  it('is one of the table, whatever was thrown', () => {
    const anyError = fc
      .record(
        { name: fc.anything(), message: fc.anything(), $fault: fc.anything(), $metadata: fc.anything() },
        { requiredKeys: [] },
      )
      .map((parts) => Object.assign(new Error('x'), parts));
    fc.assert(
      fc.property(fc.oneof(fc.anything(), anyError), (thrown) => {
        expect(isDryRunSuccess(thrown) && isDefiniteRefusal(thrown)).toBeTypeOf('boolean');
        expect(refusedByAws('ec2:DescribeVolumes', thrown)).toMatchObject({
          code: expect.not.stringMatching(/^bug$/),
          message: expect.stringMatching(/^ec2:DescribeVolumes[^\n]*$/),
        });
      }),
    );
  });
});
