import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { arn } from '../account.ts';
import type { ApiCall } from '../api-call.ts';
import { ApiError } from '../api-error.ts';
import { authorizeSsm } from './authorize.ts';
import { findDocument, findVersion } from './document-store.ts';
import { validateDocument } from './document-validation.ts';
import { parseInput, present, seconds } from './json-protocol.ts';
import type { DocumentVersion, SsmWorld, StoredDocument } from './model.ts';

/** The document actions [doc and model: CreateDocument, UpdateDocument, DescribeDocument, GetDocument …]. */

const Format = v.optional(v.picklist(['YAML', 'JSON']), 'JSON');
const Tag = v.strictObject({ Key: v.string(), Value: v.string() });
const Name = v.pipe(
  v.string(),
  v.regex(/^[a-zA-Z0-9_\-.]{3,128}$/, 'is not a document name (3 to 128 letters, digits, "_", "-", ".")'),
);

const Create = v.strictObject({
  Name,
  Content: v.pipe(v.string(), v.minLength(1)),
  DocumentType: v.optional(v.literal('Command'), 'Command'),
  DocumentFormat: Format,
  TargetType: v.optional(v.string()),
  VersionName: v.optional(v.string()),
  Tags: v.optional(v.array(Tag), []),
});

export async function createDocument(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(Create, call.parameters);
  authorizeSsm(call.caller, 'CreateDocument', arn.document(world.account, input.Name));
  if (/^(aws|amazon|amzn)/i.test(input.Name)) {
    throw new ApiError(
      'ValidationException',
      `The document name ${input.Name} starts with a reserved prefix (aws, amazon, amzn).`,
    );
  }
  if (world.documents.has(input.Name)) {
    throw new ApiError(
      'DocumentAlreadyExists',
      `Document with name ${input.Name} already exists in the account and Region.`,
    );
  }
  const stored: StoredDocument = {
    name: input.Name,
    versions: [newVersion(world, 1, input.Content, input.DocumentFormat, input.VersionName)],
    defaultVersion: 1,
    targetType: input.TargetType,
    tags: new Map(input.Tags.map(({ Key, Value }) => [Key, Value])),
  };
  world.documents.set(input.Name, stored);
  return { DocumentDescription: { ...describe(world, stored, findVersion(stored, '$LATEST')), Status: 'Creating' } };
}

const Update = v.strictObject({
  Name: v.string(),
  Content: v.pipe(v.string(), v.minLength(1)),
  DocumentFormat: Format,
  DocumentVersion: v.optional(v.string()),
  TargetType: v.optional(v.string()),
  VersionName: v.optional(v.string()),
});

export async function updateDocument(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(Update, call.parameters);
  authorizeSsm(call.caller, 'UpdateDocument', arn.document(world.account, input.Name));
  const stored = findDocument(world, input.Name);
  const latest = findVersion(stored, '$LATEST');
  if (findVersion(stored, input.DocumentVersion) !== latest) {
    throw new ApiError(
      'InvalidDocumentVersion',
      'Only the latest version of a document can be updated; give its number or $LATEST.',
    );
  }
  if (latest.content === input.Content) {
    throw new ApiError(
      'DuplicateDocumentContent',
      'The content of the document matches another version. Change the content and try again.',
    );
  }
  const next = newVersion(world, stored.versions.length + 1, input.Content, input.DocumentFormat, input.VersionName);
  stored.versions.push(next);
  return { DocumentDescription: { ...describe(world, stored, next), Status: 'Updating' } };
}

const SetDefault = v.strictObject({ Name: v.string(), DocumentVersion: v.pipe(v.string(), v.regex(/^[1-9][0-9]*$/)) });

export async function updateDocumentDefaultVersion(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(SetDefault, call.parameters);
  authorizeSsm(call.caller, 'UpdateDocumentDefaultVersion', arn.document(world.account, input.Name));
  const stored = findDocument(world, input.Name);
  const version = findVersion(stored, input.DocumentVersion);
  stored.defaultVersion = version.number;
  return {
    Description: present({
      Name: stored.name,
      DefaultVersion: String(version.number),
      DefaultVersionName: version.name,
    }),
  };
}

const Describe = v.strictObject({ Name: v.string(), DocumentVersion: v.optional(v.string()) });

export async function describeDocument(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(Describe, call.parameters);
  authorizeSsm(call.caller, 'DescribeDocument', arn.document(world.account, input.Name));
  const stored = findDocument(world, input.Name);
  return { Document: describe(world, stored, findVersion(stored, input.DocumentVersion)) };
}

const Get = v.strictObject({
  Name: v.string(),
  DocumentVersion: v.optional(v.string()),
  DocumentFormat: v.optional(v.picklist(['YAML', 'JSON'])),
});

/** Answers in the format the document was made in, which is the only one the lab can give. */
export async function getDocument(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(Get, call.parameters);
  authorizeSsm(call.caller, 'GetDocument', arn.document(world.account, input.Name));
  const stored = findDocument(world, input.Name);
  const version = findVersion(stored, input.DocumentVersion);
  if (input.DocumentFormat !== undefined && input.DocumentFormat !== version.format) {
    throw new ApiError('ValidationException', `the lab gives ${stored.name} as ${version.format} only`);
  }
  return present({
    Name: stored.name,
    CreatedDate: seconds(version.createdAt),
    VersionName: version.name,
    DocumentVersion: String(version.number),
    Status: 'Active',
    Content: version.content,
    DocumentType: 'Command',
    DocumentFormat: version.format,
  });
}

function newVersion(
  { now }: SsmWorld,
  number: number,
  content: string,
  format: 'YAML' | 'JSON',
  name: string | undefined,
): DocumentVersion {
  const document = validateDocument(content, format);
  return {
    number,
    name,
    content,
    format,
    document,
    hash: createHash('sha256').update(content).digest('hex'),
    createdAt: now(),
  };
}

function describe({ account }: SsmWorld, stored: StoredDocument, version: DocumentVersion): object {
  const { document } = version;
  return present({
    Hash: version.hash,
    HashType: 'Sha256',
    Name: stored.name,
    VersionName: version.name,
    Owner: account.id,
    CreatedDate: seconds(version.createdAt),
    Status: 'Active',
    DocumentVersion: String(version.number),
    Description: document.description,
    Parameters: Object.entries(document.parameters).map(([name, parameter]) =>
      present({
        Name: name,
        Type: parameter.type,
        Description: parameter.description,
        DefaultValue:
          parameter.default === undefined || typeof parameter.default === 'string'
            ? parameter.default
            : JSON.stringify(parameter.default),
      }),
    ),
    PlatformTypes: ['Linux', 'MacOS'],
    DocumentType: 'Command',
    SchemaVersion: document.schemaVersion,
    LatestVersion: String(stored.versions.length),
    DefaultVersion: String(stored.defaultVersion),
    DocumentFormat: version.format,
    TargetType: stored.targetType,
    Tags: [...stored.tags].map(([Key, Value]) => ({ Key, Value })),
  });
}
