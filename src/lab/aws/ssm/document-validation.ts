import * as v from 'valibot';
import { parse } from 'yaml';
import { ApiError } from '../api-error.ts';

/**
 * What CreateDocument and UpdateDocument take: a Command document of schema 2.2
 * [doc: Data elements and parameters; SSM document schema features].
 */

const MAX_BYTES = 64 * 1024;
const NAME = /^[A-Za-z0-9_.-]+$/;

const Text = v.union([v.string(), v.array(v.string()), v.boolean(), v.number()]);
const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

const Parameter = v.strictObject({
  type: v.picklist(['String', 'StringList', 'Boolean', 'Integer', 'MapList', 'StringMap']),
  description: v.optional(v.string()),
  default: v.optional(Text),
  allowedPattern: v.optional(v.pipe(v.string(), v.check(compiles, 'is not a regular expression'))),
  allowedValues: v.optional(v.array(v.union([v.string(), v.number(), v.boolean()]))),
  displayType: v.optional(v.picklist(['textfield', 'textarea'])),
  interpolationType: v.optional(v.literal('ENV_VAR')),
  minItems: v.optional(Count),
  maxItems: v.optional(Count),
  minChars: v.optional(Count),
  maxChars: v.optional(Count),
});

const Step = v.strictObject({
  action: v.pipe(v.string(), v.regex(/^aws:[A-Za-z]+$/, 'is not a plugin')),
  name: v.pipe(v.string(), v.regex(NAME, 'is not a step name (letters, digits, "_", "-", ".")')),
  description: v.optional(v.string()),
  precondition: v.optional(v.strictObject({ StringEquals: v.tuple([v.string(), v.string()]) })),
  inputs: v.optional(v.record(v.string(), v.unknown())),
  timeoutSeconds: v.optional(v.union([v.number(), v.string()])),
  onFailure: v.optional(v.picklist(['exit', 'successAndExit'])),
  onSuccess: v.optional(v.literal('exit')),
  finallyStep: v.optional(v.boolean()),
  maxAttempts: v.optional(v.number()),
});

const Document = v.strictObject({
  schemaVersion: v.literal('2.2'),
  description: v.optional(v.string()),
  parameters: v.optional(
    v.record(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_]+$/, 'is not a parameter name')), Parameter),
    {},
  ),
  mainSteps: v.pipe(
    v.array(Step),
    v.minLength(1, 'needs at least one step'),
    v.check((steps) => new Set(steps.map(({ name }) => name)).size === steps.length, 'step names are not unique'),
  ),
});
export type ValidDocument = v.InferOutput<typeof Document>;
export type ValidParameter = v.InferOutput<typeof Parameter>;

/** Throws InvalidDocumentContent, or MaxDocumentSizeExceeded above 64 KB. */
export function validateDocument(content: string, format: 'YAML' | 'JSON'): ValidDocument {
  if (Buffer.byteLength(content) > MAX_BYTES) {
    throw new ApiError('MaxDocumentSizeExceeded', 'The size limit of a document is 64 KB.');
  }
  const result = v.safeParse(Document, decode(content, format));
  if (!result.success) {
    const [issue] = result.issues;
    throw invalid(`${v.getDotPath(issue) ?? 'document'}: ${issue.message}`);
  }
  refuseUnknownPlaceholders(result.output);
  for (const [name, parameter] of Object.entries(result.output.parameters)) refuseBadDefault(name, parameter);
  return result.output;
}

function decode(content: string, format: 'YAML' | 'JSON'): unknown {
  try {
    return format === 'JSON' ? JSON.parse(content) : parse(content);
  } catch (error) {
    throw invalid(`${format} not well-formed: ${(error as Error).message.split('\n')[0]}`);
  }
}

/** `{{ name }}` in inputs must be a parameter, a Parameter Store reference or one of the service's own names. */
function refuseUnknownPlaceholders({ parameters, mainSteps }: ValidDocument): void {
  for (const [, name = ''] of JSON.stringify(mainSteps.map(({ inputs }) => inputs)).matchAll(
    /\{\{ *([A-Za-z0-9_]+) *\}\}/g,
  )) {
    if (name !== 'platformType' && !Object.hasOwn(parameters, name))
      throw invalid(`Undefined parameter is used: ${name}`);
  }
}

function refuseBadDefault(name: string, parameter: ValidParameter): void {
  if (parameter.default === undefined) return;
  const isList = Array.isArray(parameter.default);
  if (parameter.type === 'String' && typeof parameter.default !== 'string')
    throw invalid(`the default of ${name} is no String`);
  if (parameter.type === 'StringList' && !isList) throw invalid(`the default of ${name} is no StringList`);
  const wrong = refusalOf(name, parameter, [parameter.default].flat().map(String));
  if (wrong !== undefined) throw invalid(`default: ${wrong}`);
}

/** Why a parameter does not take these values, or `undefined`. */
export function refusalOf(name: string, definition: ValidParameter, values: readonly string[]): string | undefined {
  const {
    type,
    allowedPattern,
    allowedValues,
    minChars = 0,
    maxChars = Infinity,
    minItems = 0,
    maxItems = Infinity,
  } = definition;
  if (type === 'String' && values.length !== 1)
    return `Parameter "${name}" takes one value, ${values.length} were given`;
  if (type === 'StringList' && (values.length < minItems || values.length > maxItems)) {
    return `Parameter "${name}" takes between ${minItems} and ${maxItems} items`;
  }
  for (const value of values) {
    if (allowedPattern !== undefined && !new RegExp(allowedPattern).test(value)) {
      return `Parameter "${name}" has value "${value}" not matching "${allowedPattern}".`;
    }
    if (allowedValues !== undefined && !allowedValues.map(String).includes(value)) {
      return `Parameter "${name}" has value "${value}" not in [${allowedValues.join(', ')}].`;
    }
    if (value.length < minChars || value.length > maxChars) {
      return `Parameter "${name}" has a value of ${value.length} characters, not between ${minChars} and ${maxChars}.`;
    }
  }
  return undefined;
}

function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}

const invalid = (why: string): ApiError =>
  new ApiError('InvalidDocumentContent', `The content for the document is not valid: ${why}`);
