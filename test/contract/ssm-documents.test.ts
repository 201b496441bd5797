import { createHash } from 'node:crypto';
import {
  CreateDocumentCommand,
  DescribeDocumentCommand,
  GetDocumentCommand,
  UpdateDocumentCommand,
  UpdateDocumentDefaultVersionCommand,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { DOCUMENT } from './commands.ts';
import { type Clients, failure, type Lab, startLab } from './embedded-lab.ts';

let lab: Lab;
let ssm: Clients['ssm'];
beforeEach(async () => {
  lab = await startLab();
  ssm = lab.as('administrator').ssm;
});
afterEach(() => lab[Symbol.asyncDispose]());

const step = { action: 'aws:runShellScript', name: 'run', inputs: { runCommand: ['true'] } };
const document = (changes: object = {}) => ({
  schemaVersion: '2.2',
  description: 'a test',
  mainSteps: [step],
  ...changes,
});
const create = (content: object | string, input: object = {}) =>
  ssm.send(
    new CreateDocumentCommand({
      Name: DOCUMENT,
      DocumentType: 'Command',
      Content: typeof content === 'string' ? content : JSON.stringify(content),
      ...input,
    }),
  );
const update = (content: object, input: object = { DocumentVersion: '$LATEST' }) =>
  ssm.send(new UpdateDocumentCommand({ Name: DOCUMENT, Content: JSON.stringify(content), ...input }));
const describeIt = async (DocumentVersion?: string) =>
  (await ssm.send(new DescribeDocumentCommand({ Name: DOCUMENT, DocumentVersion }))).Document;

describe('a document', () => {
  test('is kept as it was given, hashed, with its parameters told', async () => {
    const Content = stringify(
      document({ parameters: { Level: { type: 'String', default: 'application', description: 'the level' } } }),
    );
    await create(Content, { DocumentFormat: 'YAML' });
    expect(await describeIt()).toMatchObject({
      Hash: createHash('sha256').update(Content).digest('hex'),
      HashType: 'Sha256',
      DocumentVersion: '1',
      DefaultVersion: '1',
      LatestVersion: '1',
      DocumentFormat: 'YAML',
      SchemaVersion: '2.2',
      Description: 'a test',
      Status: 'Active',
      Parameters: [{ Name: 'Level', Type: 'String', DefaultValue: 'application', Description: 'the level' }],
    });
    expect((await ssm.send(new GetDocumentCommand({ Name: DOCUMENT }))).Content).toBe(Content);
  });

  test('is updated by versions; the default one moves on order alone', async () => {
    await create(document());
    await update(document({ description: 'second' }));
    expect(await describeIt()).toMatchObject({ DocumentVersion: '1', LatestVersion: '2', Description: 'a test' });
    expect(await describeIt('$LATEST')).toMatchObject({ DocumentVersion: '2', Description: 'second' });
    await ssm.send(new UpdateDocumentDefaultVersionCommand({ Name: DOCUMENT, DocumentVersion: '2' }));
    expect(await describeIt('$DEFAULT')).toMatchObject({ DocumentVersion: '2', DefaultVersion: '2' });
  });

  test('is updated from its latest version, with new content', async () => {
    await create(document());
    expect(await failure(update(document()))).toMatchObject({ name: 'DuplicateDocumentContent' });
    await update(document({ description: 'second' }));
    expect(await failure(update(document({ description: 'third' }), { DocumentVersion: '1' }))).toMatchObject({
      name: 'InvalidDocumentVersion',
    });
    expect(await failure(update(document({ description: 'third' }), {}))).toMatchObject({
      name: 'InvalidDocumentVersion',
    });
  });

  test('has a name of its own', async () => {
    await create(document());
    expect(await failure(create(document()))).toMatchObject({ name: 'DocumentAlreadyExists' });
    const administrator = lab.as('administrator').ssm;
    const named = (Name: string) =>
      administrator.send(new CreateDocumentCommand({ Name, Content: JSON.stringify(document()) }));
    expect(await failure(named('AWS-Mine'))).toMatchObject({ name: 'ValidationException' });
    expect(await failure(named('no spaces'))).toMatchObject({ name: 'ValidationException' });
  });

  test.each([
    ['describe', () => describeIt()],
    ['update', () => update(document())],
    ['get', () => ssm.send(new GetDocumentCommand({ Name: DOCUMENT }))],
  ])('%s of one that is not there', async (_what, call) => {
    expect(await failure(call())).toMatchObject({ name: 'InvalidDocument', status: 400 });
  });
});

describe('content that is refused', () => {
  test.each<[string, object | string]>([
    ['text that is no JSON', '{'],
    ['another schema', document({ schemaVersion: '0.3' })],
    ['no steps', document({ mainSteps: [] })],
    ['two steps of one name', document({ mainSteps: [step, step] })],
    ['a step name with a space', document({ mainSteps: [{ ...step, name: 'a b' }] })],
    ['a key that is none', document({ mainStep: [] })],
    ['a parameter type that is none', document({ parameters: { P: { type: 'Text' } } })],
    ['a pattern that does not compile', document({ parameters: { P: { type: 'String', allowedPattern: '(' } } })],
    [
      'a default outside the pattern',
      document({ parameters: { P: { type: 'String', default: 'x', allowedPattern: '^y$' } } }),
    ],
    [
      'a default outside the allowed values',
      document({ parameters: { P: { type: 'String', default: 'x', allowedValues: ['y'] } } }),
    ],
    ['a placeholder that is no parameter', document({ mainSteps: [{ ...step, inputs: { runCommand: ['{{ P }}'] } }] })],
  ])('%s', async (_what, content) => {
    expect(await failure(create(content))).toMatchObject({ name: 'InvalidDocumentContent', status: 400 });
  });

  test('more than 64 KB', async () => {
    expect(await failure(create(document({ description: 'x'.repeat(65_536) })))).toMatchObject({
      name: 'MaxDocumentSizeExceeded',
    });
  });
});
