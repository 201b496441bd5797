// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of Go, not of JavaScript
import { describe, expect, test } from 'vitest';
import { environmentOf, settleParameters, substitute } from '../../../../src/lab/ssm-agent/parameters.ts';

describe('the values of a run', () => {
  test('are those given, else the defaults', () => {
    const definitions = {
      A: { type: 'String', default: 'x' },
      B: { type: 'StringList', default: ['y'] },
      C: { type: 'String' },
    };
    expect(settleParameters(definitions, { A: ['given'] })).toEqual(
      new Map<string, unknown>([
        ['A', 'given'],
        ['B', ['y']],
      ]),
    );
  });

  test('are checked again by the agent, defaults included', () => {
    expect(() => settleParameters({ A: { type: 'String', default: 'x', allowedPattern: '^y$' } }, {})).toThrow(
      'allowed pattern',
    );
  });

  test.each(['(?=a)', '(?!a)', '(?<=a)', '(?<!a)', '(a)\\1'])('%s is beyond RE2', (allowedPattern) => {
    expect(() => settleParameters({ A: { type: 'String', default: 'aa', allowedPattern } }, {})).toThrow(
      'error parsing regexp',
    );
  });

  test('names beyond letters and digits are ignored', () => {
    expect(settleParameters({ a_b: { type: 'String', default: 'x' } }, {}).size).toBe(0);
  });
});

describe('substitution', () => {
  const values = new Map<string, string | readonly string[]>([
    ['word', "it's"],
    ['money', '$$5 $1 ${x} $0'],
    ['list', ['a', 'b c']],
  ]);

  test.each([
    ['echo {{ word }} {{word}}', "echo it's it's"],
    ['{{ list }}', ['a', 'b c']],
    ['echo {{ list }}', 'echo ["a","b c"]'],
    ['echo {{ money }}', 'echo $5   {{ money }}'],
    ['{{ money }}', '$$5 $1 ${x} $0'],
    ['{{ platformType }} {{ssm:name}}', '{{ platformType }} {{ssm:name}}'],
  ])('%s', (input, output) => expect(substitute(input, values)).toEqual(output));

  test('goes into lists and objects', () => {
    expect(substitute({ a: ['{{word}}', 3], b: { c: 'x{{word}}' } }, values)).toEqual({
      a: ["it's", 3],
      b: { c: "xit's" },
    });
  });
});

test('the environment carries what asks for it, as it is', () => {
  const definitions = { A: { type: 'String', interpolationType: 'ENV_VAR' }, B: { type: 'String' } };
  expect(
    environmentOf(
      definitions,
      new Map([
        ['A', '$(id)'],
        ['B', 'x'],
      ]),
    ),
  ).toEqual({ SSM_A: '$(id)' });
});
