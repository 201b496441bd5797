import {
  type AssociationDescription,
  CreateAssociationCommand,
  type CreateAssociationCommandInput,
  DeleteAssociationCommand,
  DescribeAssociationCommand,
  paginateListAssociations,
  UpdateAssociationCommand,
} from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { parseResponse } from '../../shared/parse-response.ts';
import type {
  Association,
  AssociationAnswer,
  AssociationSettings,
  Associations,
  Clock,
  ComplianceSeverity,
} from '../ports.ts';
import { scheduleOf } from '../schedules/schedule-name.ts';
import { asking, isNamed } from './aws-errors.ts';
import { callOnce } from './call-once.ts';
import type { Clients } from './clients.ts';

/**
 * Returns the port to State Manager's associations. Creations and updates are sent once (`callOnce`); an update reads the
 * association first and sends again what the settings do not hold. Reads and deletions are retried. Throws what `fromAws`
 * returns.
 */
export function associations({ ssm, ssmRetrying, ssmNoRetry }: Clients, clock: Clock): Associations {
  return {
    async ours(documentName) {
      const ids = await asking('ssm:ListAssociations', async () => {
        const found: string[] = [];
        const request = { AssociationFilterList: [{ key: 'Name' as const, value: documentName }] };
        for await (const page of paginateListAssociations({ client: ssm, pageSize: 50 }, request)) {
          for (const { AssociationId, AssociationName = '' } of parseResponse('ssm:ListAssociations', Listed, page)
            .Associations)
            if (scheduleOf(AssociationName) !== undefined) found.push(AssociationId);
        }
        return found;
      });
      const found: Association[] = [];
      for (const id of ids) {
        const description = await describe(id);
        if (description !== undefined)
          found.push(association(parseResponse('ssm:DescribeAssociation', Described, description)));
      }
      return found;
    },

    async create(settings) {
      const request = new CreateAssociationCommand(inputOf(settings));
      return answerOf(await callOnce('ssm:CreateAssociation', clock, () => ssmNoRetry.send(request)));
    },

    async update({ id, version }, settings) {
      // UpdateAssociation drops whatever is not given again [model]; what others have set and we know nothing of is kept.
      const kept = keptOf((await describe(id)) ?? {});
      const request = new UpdateAssociationCommand({
        ...kept,
        ...inputOf(settings),
        AssociationId: id,
        AssociationVersion: version,
      });
      return answerOf(await callOnce('ssm:UpdateAssociation', clock, () => ssmNoRetry.send(request)));
    },

    async delete({ id }) {
      await asking('ssm:DeleteAssociation', async () => {
        try {
          await ssmRetrying.send(new DeleteAssociationCommand({ AssociationId: id }));
        } catch (thrown) {
          if (!isNamed(thrown, 'AssociationDoesNotExist')) throw thrown;
        }
      });
    },
  };

  /** `undefined` where it has been deleted. */
  function describe(id: string): Promise<AssociationDescription | undefined> {
    return asking('ssm:DescribeAssociation', async () => {
      try {
        const answer = await ssmRetrying.send(new DescribeAssociationCommand({ AssociationId: id }));
        return answer.AssociationDescription;
      } catch (thrown) {
        if (isNamed(thrown, 'AssociationDoesNotExist')) return undefined;
        throw thrown;
      }
    });
  }
}

/** An answer that is not understood leaves open what happened. */
function answerOf(
  asked: Awaited<ReturnType<typeof callOnce<{ AssociationDescription?: AssociationDescription | undefined }>>>,
): AssociationAnswer {
  if (asked.kind === 'unknown') return asked;
  const described = v.safeParse(Described, asked.answer.AssociationDescription);
  if (described.success) return { kind: 'done', association: association(described.output) };
  return { kind: 'unknown', message: 'the answer holds no association' };
}

function inputOf(settings: AssociationSettings): CreateAssociationCommandInput {
  const { document, output } = settings;
  return {
    AssociationName: settings.name,
    Name: document.name,
    DocumentVersion: document.version,
    Targets: settings.targets.map(({ key, values }) => ({ Key: key, Values: [...values] })),
    Parameters: Object.fromEntries(Object.entries(settings.parameters).map(([name, values]) => [name, [...values]])),
    ScheduleExpression: settings.expression,
    ScheduleOffset: settings.offsetDays,
    ApplyOnlyAtCronInterval: settings.applyOnlyAtCronInterval,
    MaxConcurrency: settings.maxConcurrency,
    MaxErrors: settings.maxErrors,
    ComplianceSeverity: settings.severity && WRITTEN[settings.severity],
    Duration: settings.durationHours,
    OutputLocation: output && {
      S3Location: {
        OutputS3BucketName: output.bucket,
        OutputS3KeyPrefix: output.prefix,
        OutputS3Region: output.region,
      },
    },
  };
}

/** What an association may hold beside its settings. Empty lists are none: a request must not hold one. */
function keptOf(description: AssociationDescription) {
  const { AlarmConfiguration, AssociationDispatchAssumeRole, AutomationTargetParameterName, SyncCompliance } =
    description;
  const { CalendarNames = [], TargetLocations = [], TargetMaps = [] } = description;
  return {
    AlarmConfiguration,
    AssociationDispatchAssumeRole,
    AutomationTargetParameterName,
    SyncCompliance,
    ...(CalendarNames.length > 0 && { CalendarNames }),
    ...(TargetLocations.length > 0 && { TargetLocations }),
    ...(TargetMaps.length > 0 && { TargetMaps }),
  };
}

const WRITTEN = {
  critical: 'CRITICAL',
  high: 'HIGH',
  medium: 'MEDIUM',
  low: 'LOW',
  unspecified: 'UNSPECIFIED',
} as const satisfies Record<ComplianceSeverity, string>;

const Listed = v.object({
  Associations: v.optional(
    v.array(v.object({ AssociationId: v.string(), AssociationName: v.optional(v.string()) })),
    [],
  ),
});

const Values = v.optional(v.array(v.string()), []);
const Described = v.object({
  AssociationId: v.string(),
  AssociationVersion: v.optional(v.string(), '$LATEST'),
  AssociationName: v.string(),
  Name: v.string(),
  DocumentVersion: v.optional(v.string(), '$DEFAULT'),
  Targets: v.optional(v.array(v.object({ Key: v.string(), Values })), []),
  Parameters: v.optional(v.record(v.string(), v.array(v.string())), {}),
  ScheduleExpression: v.optional(v.string()),
  ScheduleOffset: v.optional(v.number()),
  ApplyOnlyAtCronInterval: v.optional(v.boolean(), false),
  MaxConcurrency: v.optional(v.string()),
  MaxErrors: v.optional(v.string()),
  ComplianceSeverity: v.optional(v.picklist(Object.values(WRITTEN))),
  Duration: v.optional(v.number()),
  OutputLocation: v.optional(
    v.object({
      S3Location: v.optional(
        v.object({
          OutputS3BucketName: v.optional(v.string()),
          OutputS3KeyPrefix: v.optional(v.string()),
          OutputS3Region: v.optional(v.string()),
        }),
      ),
    }),
  ),
  Date: v.date(),
  LastUpdateAssociationDate: v.optional(v.date()),
  LastExecutionDate: v.optional(v.date()),
  Overview: v.optional(v.object({ Status: v.optional(v.string()), DetailedStatus: v.optional(v.string()) })),
});

function association(described: v.InferOutput<typeof Described>): Association {
  const { OutputS3BucketName: bucket, ...place } = described.OutputLocation?.S3Location ?? {};
  return {
    id: described.AssociationId,
    version: described.AssociationVersion,
    changedAt: described.LastUpdateAssociationDate ?? described.Date,
    lastRunAt: described.LastExecutionDate,
    status: described.Overview?.Status ?? 'Pending',
    settings: {
      name: described.AssociationName,
      document: { name: described.Name, version: described.DocumentVersion },
      targets: described.Targets.map(({ Key: key, Values: values }) => ({ key, values })),
      parameters: described.Parameters,
      expression: described.ScheduleExpression,
      offsetDays: described.ScheduleOffset,
      applyOnlyAtCronInterval: described.ApplyOnlyAtCronInterval,
      maxConcurrency: described.MaxConcurrency,
      maxErrors: described.MaxErrors,
      severity: described.ComplianceSeverity && SEVERITY_OF[described.ComplianceSeverity],
      output:
        bucket === undefined ? undefined : { bucket, prefix: place.OutputS3KeyPrefix, region: place.OutputS3Region },
      durationHours: described.Duration,
    },
  };
}

const SEVERITY_OF = {
  CRITICAL: 'critical',
  HIGH: 'high',
  MEDIUM: 'medium',
  LOW: 'low',
  UNSPECIFIED: 'unspecified',
} as const satisfies Record<(typeof WRITTEN)[ComplianceSeverity], ComplianceSeverity>;
