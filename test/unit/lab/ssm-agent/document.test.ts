import { expect, test } from 'vitest';
import { readDocument } from '../../../../src/lab/ssm-agent/document.ts';

const yaml = (step: string) => `schemaVersion: '2.2'\nmainSteps:\n- action: aws:runShellScript\n  name: run\n${step}`;

test('YAML and JSON are read alike', () => {
  const document = readDocument(yaml("  inputs:\n    runCommand: ['true']\n"));
  expect(readDocument(JSON.stringify(document))).toEqual(document);
});

test('a quoted number at step level fails the whole document', () => {
  expect(() => readDocument(yaml("  timeoutSeconds: '60'\n"))).toThrow('mainSteps.0.timeoutSeconds');
  expect(readDocument(yaml('  timeoutSeconds: 60\n')).mainSteps).toHaveLength(1);
});

test.each(["schemaVersion: '1.2'\n", 'just text', ''])('%j is no document', (content) => {
  expect(() => readDocument(content)).toThrow();
});
