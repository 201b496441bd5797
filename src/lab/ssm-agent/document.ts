import * as v from 'valibot';
import { parse } from 'yaml';

/**
 * A Command document of schema 2.2, as far as its execution needs it. The service (aws/ssm) is stricter
 * about what it takes; the agent reads what it is given.
 */
const ParameterDefinition = v.looseObject({
  type: v.string(),
  default: v.optional(v.union([v.string(), v.array(v.string()), v.boolean(), v.number()])),
  allowedPattern: v.optional(v.string()),
  interpolationType: v.optional(v.string()),
});
export type ParameterDefinition = v.InferOutput<typeof ParameterDefinition>;

const Step = v.looseObject({
  action: v.string(),
  name: v.string(),
  precondition: v.optional(v.record(v.string(), v.array(v.string())), {}),
  inputs: v.optional(v.record(v.string(), v.unknown()), {}),
  // Ignored by the agent at this level; but a quoted number here fails the whole document.
  timeoutSeconds: v.optional(v.number()),
  maxAttempts: v.optional(v.number()),
});
export type Step = v.InferOutput<typeof Step>;

export const CommandDocument = v.looseObject({
  schemaVersion: v.literal('2.2'),
  parameters: v.optional(v.record(v.string(), ParameterDefinition), {}),
  mainSteps: v.pipe(v.array(Step), v.minLength(1)),
});
export type CommandDocument = v.InferOutput<typeof CommandDocument>;

/** Reads a document's text, YAML or JSON (which YAML contains). Throws an Error that says what is wrong. */
export function readDocument(content: string): CommandDocument {
  const result = v.safeParse(CommandDocument, parse(content));
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Error(`${v.getDotPath(issue) ?? 'document'}: ${issue.message}`);
}

/** A parameter's value: text, or a list for a StringList. */
export type ParameterValue = string | readonly string[];
