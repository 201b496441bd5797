import { type ErrorCode, RunError } from '../../shared/errors.ts';
import { setId } from '../../shared/ids.ts';
import { TAG, type Tags } from '../../shared/tags.ts';
import type { HostFacts, ServerFacts } from '../discovery/facts.ts';
import { describeVersion } from '../discovery/server-version.ts';
import { planAppliers } from './appliers.ts';
import { datadirTag } from './datadir-tag.ts';
import { decideLevel } from './decide-level.ts';
import { lockIdleSeconds } from './idle-limit.ts';
import { planLock } from './lock-plan.ts';
import { excludedVolumes, memberIds } from './members.ts';
import { splitMounts } from './mounts.ts';
import { preflight } from './preflight/index.ts';
import type { Refusal } from './preflight/refusal.ts';
import type { DecidedRequest, SnapshotPlan, SnapshotRequest } from './snapshot-plan.ts';
import { planWarnings } from './warnings.ts';

export interface Planned {
  readonly plan: SnapshotPlan;
  /** All that speaks against it; the plan may be carried out only where there is nothing. */
  readonly refusals: readonly Refusal[];
}

/** Facts and request -> what would be done, and every reason not to. Pure. */
export function planSnapshot(asked: SnapshotRequest, facts: HostFacts): Planned {
  const { level, refusals, notCrashBecause } = decideLevel(asked.level, facts.server, facts.storage.mounts);
  const request: DecidedRequest = { ...asked, level };
  const appliers = asked.stopReplicaSql && level === 'application' ? planAppliers(facts.server) : undefined;
  const { frozen, synced } = splitMounts(facts, request);
  const set = setId(request.run, facts.instance.instanceId);
  const members = memberIds(facts);
  return {
    plan: {
      run: request.run,
      set,
      instanceId: facts.instance.instanceId,
      region: facts.instance.region,
      level,
      notCrashBecause,
      facts,
      lock: planLock(
        facts.server,
        appliers?.channels,
        lockIdleSeconds(level, request, level === 'crash' || synced.length > 0),
      ),
      appliers,
      freeze: frozen.map(({ mountPoint }) => mountPoint),
      syncOnly: synced.map(({ mountPoint }) => mountPoint),
      members,
      exclude: excludedVolumes(facts),
      tags: { ...request.tags, ...setTags(request, facts, set, members.length) },
      description: request.description,
      warnings: planWarnings(facts, request, appliers?.channels),
    },
    refusals: [...preflight(facts, request), ...refusals],
  };
}

function setTags(request: DecidedRequest, { instance, server }: HostFacts, set: string, members: number): Tags {
  return {
    [TAG.set]: set,
    [TAG.run]: request.run,
    [TAG.instance]: instance.instanceId,
    [TAG.level]: request.level,
    [TAG.grade]: 'unproven',
    [TAG.members]: String(members),
    [TAG.server]: describeServer(server),
    ...(server.uuid === undefined ? {} : { [TAG.serverUuid]: server.uuid }),
    [TAG.datadir]: datadirTag(server.datadir),
  };
}

/** Flavour and version, like `mariadb 10.11.19`. */
export const describeServer = ({ version }: ServerFacts): string => describeVersion(version);

const ENDS_QUESTIONS: ReadonlySet<ErrorCode> = new Set(['server-denied', 'server-unsupported', 'file-system-stuck']);

/** Whether the server may be asked more than discovery did: not where it does not let us, is not understood, or is stuck. */
export const mayAskServer = ({ refusals }: Planned): boolean => !refusals.some(({ code }) => ENDS_QUESTIONS.has(code));

/** The first refusal as the error of the run; it says how many more there are. */
export function refusalError(refusals: readonly Refusal[]): RunError | undefined {
  const [first, ...others] = refusals;
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` (and ${others.length} more: \`mysql-ebs-snapshot-agent plan\` shows all)`;
  return new RunError(first.code, `${first.message}${more}`, { hint: first.hint });
}

/** Throws the RunError 10-29 of a plan that must not be carried out. */
export function approve({ plan, refusals }: Planned): SnapshotPlan {
  const error = refusalError(refusals);
  if (error !== undefined) throw error;
  return plan;
}
