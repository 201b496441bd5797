import { pathsOfThisProcess } from '../adapters/agent-paths.ts';
import type { AgentOptions } from '../options/agent-options.ts';
import type { SnapshotRequest } from '../plan/snapshot-plan.ts';

/** The run's request as the options say it. */
export async function requestOf(options: AgentOptions): Promise<SnapshotRequest> {
  return {
    run: options.runId,
    level: options.level,
    freeze: options.freeze,
    lockTimeoutSeconds: options.lockTimeoutSeconds,
    lockTries: options.lockTries,
    longQueryThresholdSeconds: options.longQueryThresholdSeconds,
    killLongQueriesAfterSeconds: options.killLongQueriesAfterSeconds,
    freezeTimeoutMs: options.freezeTimeoutSeconds * 1000,
    stopReplicaSql: options.stopReplicaSql,
    tags: options.tags,
    description: options.description,
    agentPaths: await pathsOfThisProcess(options.logFile),
  };
}
