import * as v from 'valibot';

/** The parts of requests that several actions share [model]. */

/** MaxConcurrency. */
export const Rate = v.pipe(v.string(), v.regex(/^([1-9][0-9]*|[1-9][0-9]?%|100%)$/));
/** MaxErrors. */
export const ErrorRate = v.pipe(v.string(), v.regex(/^([1-9][0-9]*|0|[1-9][0-9]?%|100%|0%)$/));

export const Targets = v.pipe(
  v.array(
    v.strictObject({
      Key: v.pipe(
        v.string(),
        v.regex(
          /^(tag:.{1,128}|InstanceIds)$/s,
          "is not a target key that the lab implements ('tag:KEY', 'InstanceIds')",
        ),
      ),
      Values: v.pipe(v.array(v.string()), v.maxLength(50)),
    }),
  ),
  v.maxLength(5),
);
export type Targets = v.InferOutput<typeof Targets>;

/** The settings that CreateAssociation and UpdateAssociation both accept. */
export const settingsEntries = {
  DocumentVersion: v.optional(v.pipe(v.string(), v.regex(/^(\$LATEST|\$DEFAULT|[1-9][0-9]*)$/)), '$DEFAULT'),
  Parameters: v.optional(v.record(v.string(), v.array(v.string())), {}),
  AssociationName: v.optional(v.pipe(v.string(), v.regex(/^[a-zA-Z0-9_\-.]{3,128}$/))),
  ScheduleExpression: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(256))),
  ScheduleOffset: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(6))),
  ApplyOnlyAtCronInterval: v.optional(v.boolean(), false),
  MaxConcurrency: v.optional(Rate, '100%'),
  MaxErrors: v.optional(ErrorRate, '100%'),
  ComplianceSeverity: v.optional(v.picklist(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'UNSPECIFIED'])),
  SyncCompliance: v.optional(v.picklist(['AUTO', 'MANUAL'])),
  Duration: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(24))),
  OutputLocation: v.optional(
    v.strictObject({
      S3Location: v.strictObject({
        OutputS3Region: v.optional(v.pipe(v.string(), v.minLength(3), v.maxLength(20))),
        OutputS3BucketName: v.optional(v.pipe(v.string(), v.minLength(3), v.maxLength(63))),
        OutputS3KeyPrefix: v.optional(v.pipe(v.string(), v.maxLength(500))),
      }),
    }),
  ),
};

/** The settings of an association as a whole. */
export const Settings = v.strictObject({
  Name: v.string(),
  Targets: v.pipe(Targets, v.minLength(1)),
  ...settingsEntries,
});
export type Settings = v.InferOutput<typeof Settings>;
