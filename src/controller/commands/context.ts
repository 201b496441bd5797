import type { RunError } from '../../shared/errors.ts';
import { type Clients, openClients } from '../aws/clients.ts';
import type { GlobalOptions } from '../options/parse-values.ts';
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
}

/** The exit status that a command ends with. */
export type ExitStatus = number;

export const clientsFor = (options: GlobalOptions): Clients =>
  openClients({ profile: options.profile, region: options.region });
