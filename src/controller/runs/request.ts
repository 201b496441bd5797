import type { RunId } from '../../shared/ids.ts';
import type { Operation, Scope } from '../ports.ts';
import type { WaveRule } from './waves.ts';

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
  /** `new`: named by us; `named`: by the caller, and it must not exist yet; `resume`: it exists, and is gone on with. */
  readonly begins: 'new' | 'named' | 'resume';
  /** Absent: all hosts in one wave. */
  readonly waves: WaveRule | undefined;
  /** How far EBS has to be with the sets before the run is over. */
  readonly until: 'pending' | 'completed';
}
