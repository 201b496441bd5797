import type { ServiceName } from './api-call.ts';

/** A call that stands at the gate: of an API by its action, of the metadata service by its path. */
export interface CallAtGate {
  readonly service: ServiceName | 'imds';
  readonly action: string;
  readonly dryRun: boolean;
}

/**
 * Stands before the work of each call, and holds it until the promise settles; what strikes the call is looked for
 * only then. A rejection cuts the connection. For tests that stop a client at an exact place.
 */
export type Gate = (call: CallAtGate) => Promise<void>;

export const openGate: Gate = async () => undefined;
