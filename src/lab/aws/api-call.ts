import type { ServiceName } from './account.ts';
import type { Fault } from './behaviour.ts';
import type { Principal } from './iam/principals.ts';

/** One API call, decoded from its protocol and signed by a known principal. */
export interface ApiCall {
  readonly service: ServiceName;
  readonly action: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly caller: Principal;
  /** The fault that strikes while the work is done; those before and after it are the dispatcher's. */
  readonly fault: Fault | undefined;
}
