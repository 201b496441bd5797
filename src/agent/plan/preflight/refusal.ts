import type { ErrorCode } from '../../../shared/errors.ts';
import type { HostFacts } from '../../discovery/facts.ts';
import type { DecidedRequest } from '../snapshot-plan.ts';

/** One reason not to touch the host. */
export interface Refusal {
  readonly code: ErrorCode;
  /** One line that names the wrong thing. */
  readonly message: string;
  /** What mends it. */
  readonly hint: string;
}

/** Looks at the facts and says what is wrong; nothing when all is well. Pure. */
export type Check = (facts: HostFacts, request: DecidedRequest) => readonly Refusal[];
