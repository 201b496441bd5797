// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of IAM, not of JavaScript
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { conditionKeys, isAllowed } from '../../../../../src/lab/aws/iam/evaluate.ts';
import { Policy } from '../../../../../src/lab/aws/iam/policy.ts';

const policy = (...statements: object[]) => v.parse(Policy, { Version: '2012-10-17', Statement: statements });
const allow = (changes: object = {}) => ({ Effect: 'Allow', Action: 'ec2:CreateTags', Resource: '*', ...changes });
const ask = (
  statements: object[],
  keys: Parameters<typeof conditionKeys>[0] = {},
  resource = 'arn:aws:ec2:eu-west-1::snapshot/snap-1',
) => isAllowed([policy(...statements)], { action: 'ec2:CreateTags', resource, keys: conditionKeys(keys) });

describe('effect, action, resource', () => {
  test('nothing said is denied', () => expect(ask([])).toBe(false));
  test('allowed', () => expect(ask([allow()])).toBe(true));
  test('a Deny wins', () => expect(ask([allow(), allow({ Effect: 'Deny' })])).toBe(false));
  test('actions have wildcards and no case', () => {
    expect(ask([allow({ Action: 'EC2:create*' })])).toBe(true);
    expect(ask([allow({ Action: ['ec2:Describe*', 'ec2:DeleteTags'] })])).toBe(false);
  });
  test('a wildcard in a resource may be empty', () => {
    expect(ask([allow({ Resource: 'arn:aws:ec2:*::snapshot/*' })], {}, 'arn:aws:ec2:eu-west-1::snapshot/')).toBe(true);
    expect(ask([allow({ Resource: 'arn:aws:ec2:*:*:volume/*' })])).toBe(false);
  });
  test('a dot is a dot', () => expect(ask([allow({ Resource: 'arn.aws.*' })])).toBe(false));
});

describe('conditions', () => {
  const when = (Condition: object) => [allow({ Condition })];

  test('StringEquals needs the key, any of the values, and no wildcard', () => {
    const condition = when({ StringEquals: { 'ec2:CreateAction': ['CreateSnapshot', 'CreateSnapshots'] } });
    expect(ask(condition, { 'ec2:createaction': 'CreateSnapshots' })).toBe(true);
    expect(ask(condition)).toBe(false);
    expect(ask(when({ StringEquals: { k: '*' } }), { k: 'x' })).toBe(false);
  });

  test('StringLike with a variable: the end of the user id is the instance', () => {
    const condition = when({ StringLike: { 'aws:userid': '*:${ec2:InstanceID}' } });
    expect(ask(condition, { 'aws:userid': 'AROA1:i-1', 'ec2:InstanceID': 'i-1' })).toBe(true);
    expect(ask(condition, { 'aws:userid': 'AROA1:i-2', 'ec2:InstanceID': 'i-1' })).toBe(false);
    expect(ask(condition, { 'aws:userid': 'AROA1:' })).toBe(false);
  });

  test('IfExists lets a missing key pass and judges one that is there', () => {
    const condition = when({ StringEqualsIfExists: { 'aws:RequestTag/owner': '${aws:userid}' } });
    expect(ask(condition, { 'aws:userid': 'me' })).toBe(true);
    expect(ask(condition, { 'aws:userid': 'me', 'aws:RequestTag/owner': 'me' })).toBe(true);
    expect(ask(condition, { 'aws:userid': 'me', 'aws:RequestTag/owner': 'you' })).toBe(false);
  });

  test('ForAllValues: every value of the request, none included', () => {
    const condition = when({ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['grade', 'note'] } });
    expect(ask(condition, { 'aws:TagKeys': ['grade'] })).toBe(true);
    expect(ask(condition, { 'aws:TagKeys': ['grade', 'owner'] })).toBe(false);
    expect(ask(condition)).toBe(true);
  });

  test('all conditions of a statement together', () => {
    const condition = when({ StringEquals: { a: '1', b: '2' }, StringLike: { c: 'x*' } });
    expect(ask(condition, { a: '1', b: '2', c: 'xy' })).toBe(true);
    expect(ask(condition, { a: '1', b: '3', c: 'xy' })).toBe(false);
    expect(ask(condition, { a: '1', b: '2', c: 'y' })).toBe(false);
  });

  test('an operator that the evaluator does not know is an error, never a yes', () => {
    expect(() => ask(when({ NumericEquals: { a: '1' } }), { a: '1' })).toThrow('NumericEquals');
  });
});

test('a policy with elements that the evaluator does not know is refused', () => {
  expect(() => policy(allow({ NotAction: 'ec2:*' }))).toThrow();
});
