import type { ServiceName } from './account.ts';

/** The call that a hook is given: of an API by its action, of the metadata service by its path. */
export interface HookedCall {
  readonly service: ServiceName | 'imds';
  readonly action: string;
  readonly dryRun: boolean;
}

/**
 * Runs before the work of each call, which waits until the promise settles; only then is the fault that applies to the
 * call looked up. A rejection cuts the connection. For tests that stop a client at an exact place.
 */
export type CallHook = (call: HookedCall) => Promise<void>;

export const noHook: CallHook = async () => undefined;
