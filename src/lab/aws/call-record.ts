import type { ServiceName } from './account.ts';

/** One API call as it arrived; kept for the tests that ask what was called, by whom and in which order. */
export interface RecordedCall {
  /** ISO 8601, when the request was read. */
  readonly at: string;
  readonly service: ServiceName;
  readonly action: string;
  /** The caller's ARN, or `anonymous` where the request was not authenticated. */
  principal: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** `ok`, the error's code, or `dropped`; absent while the call is under way. */
  outcome?: string;
  /** Milliseconds from the request to its end. */
  ms?: number;
}
