import * as v from 'valibot';
import type { DecidedRequest } from '../../src/agent/plan/snapshot-plan.ts';
import { RunId } from '../../src/shared/ids.ts';

/** A request with nothing special about it; what a test is about it changes. */
export const REQUEST: DecidedRequest = {
  run: v.parse(RunId, '20261122T030000Z-4f2a9c'),
  level: 'application',
  freeze: 'auto',
  lockTimeoutSeconds: 3,
  lockTries: 1,
  longQueryThresholdSeconds: 2,
  killLongQueriesAfterSeconds: undefined,
  freezeTimeoutMs: 10_000,
  stopReplicaSql: false,
  tags: {},
  description: undefined,
  agentPaths: [],
};
