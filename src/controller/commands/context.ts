import type { ErrorCode, RunError } from '../../shared/errors.ts';
import type { Clock } from '../ports.ts';

/** What the commands are given of the process they run in; made once, by `runController`. */
export interface Context {
  /** The folder with the documents of this installation. */
  readonly documentsFolder: string;
  readonly clock: Clock;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly environment: NodeJS.ProcessEnv;
  /** Aborted by the first Ctrl-C. */
  readonly cancel: AbortSignal;
  /** Called once the run has a name, so that an ending outside of it can tell it. */
  readonly named: (run: string) => void;
  /** Called before something is changed: from then on the second Ctrl-C, which leaves at once, ends with this. */
  readonly onForcedExit: (ending: RunError) => void;
  /** Sets the exit status of a command that has printed its report: that of this code, 0 where no command calls it. */
  readonly exitWith: (code: ErrorCode) => void;
}
