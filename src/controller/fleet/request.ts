import type { RunId } from '../../shared/ids.ts';
import type { Scope } from './scope.ts';

export type Operation = 'snapshot' | 'plan';

/** One run over the fleet, parsed and complete. */
export interface FleetRequest {
  readonly operation: Operation;
  readonly run: RunId;
  readonly scope: Scope;
  readonly documentName: string;
  /** The parameters of the document, by their names there; proven against the document's own patterns. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly comment: string;
  /** As SendCommand has it: a number of hosts, or a percentage of them like `10%`. */
  readonly maxConcurrency: string | undefined;
  readonly maxErrors: string;
  readonly deliverySeconds: number;
}
