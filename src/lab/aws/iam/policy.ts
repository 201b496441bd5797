import * as v from 'valibot';

const oneOrMore = v.pipe(
  v.union([v.string(), v.array(v.string())]),
  v.transform((value): readonly string[] => (typeof value === 'string' ? [value] : value)),
);

const Statement = v.strictObject({
  Sid: v.optional(v.string()),
  Effect: v.picklist(['Allow', 'Deny']),
  Action: oneOrMore,
  Resource: oneOrMore,
  Condition: v.optional(v.record(v.string(), v.record(v.string(), oneOrMore)), {}),
});
export type Statement = v.InferOutput<typeof Statement>;

/** An identity policy as IAM takes it; elements that the evaluator does not know are refused, never skipped. */
export const Policy = v.strictObject({ Version: v.literal('2012-10-17'), Statement: v.array(Statement) });
export type Policy = v.InferOutput<typeof Policy>;
