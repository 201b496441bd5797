import * as v from 'valibot';
import { expect, test } from 'vitest';
import {
  answerXml,
  Flag,
  items,
  parseParameters,
  readParameters,
  WholeNumber,
} from '../../../../../src/lab/aws/ec2/query-protocol.ts';

test('dotted names become a tree, numbers lists in their order', () => {
  expect(readParameters('Filter.2.Name=b&Filter.1.Name=a&Filter.1.Value.10=x&Filter.1.Value.9=w&DryRun=true')).toEqual({
    Filter: [{ Name: 'a', Value: ['w', 'x'] }, { Name: 'b' }],
    DryRun: 'true',
  });
});

test('values are decoded from the form', () => {
  expect(readParameters('Tag.1.Value=a%26b%3D+c')).toEqual({ Tag: [{ Value: 'a&b= c' }] });
});

const Schema = v.strictObject({ Id: v.string(), Flag: v.optional(Flag, 'false'), Max: v.optional(WholeNumber) });

test('parameters are parsed, with their defaults', () => {
  expect(parseParameters(Schema, { Id: 'x', Flag: 'true', Max: '5' })).toEqual({ Id: 'x', Flag: true, Max: 5 });
  expect(parseParameters(Schema, { Id: 'x' })).toEqual({ Id: 'x', Flag: false });
});

test.each([
  [{}, 'MissingParameter', 'Id'],
  [{ Id: 'x', Colour: 'red' }, 'UnknownParameter', 'Colour'],
  [{ Id: 'x', Flag: 'yes' }, 'InvalidParameterValue', 'Flag'],
  [{ Id: 'x', Max: '-1' }, 'InvalidParameterValue', 'Max'],
])('%j: %s', (parameters, code, name) => {
  expect(() => parseParameters(Schema, parameters)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(name) }),
  );
});

test('an answer is escaped XML; what is undefined is left out', () => {
  const { body } = answerXml('Test', {
    set: items([{ key: 'a<b>&"c"' }]),
    nothing: undefined,
    empty: items([]),
    no: false,
  });
  expect(body).toMatch(/^<TestResponse xmlns="http:\/\/ec2\.amazonaws\.com\/doc\/2016-11-15\/"><requestId>/);
  expect(body).toContain('<set><item><key>a&lt;b&gt;&amp;&quot;c&quot;</key></item></set>');
  expect(body).toContain('<no>false</no>');
  expect(body).not.toContain('nothing');
});
