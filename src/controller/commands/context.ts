import { type Clients, openClients } from '../adapters/clients.ts';
import type { Operation } from '../fleet/request.ts';
import type { GlobalOptions } from '../options.ts';

/** What the commands are given of the process they run in; `main` makes it once. */
export interface Context {
  /** The folder with the documents of this installation. */
  readonly documentsFolder: string;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly environment: NodeJS.ProcessEnv;
  /** Aborted by the first Ctrl-C. */
  readonly cancel: AbortSignal;
  /** Called once the run has a name, so that an ending outside of it can tell it. */
  readonly named: (run: string, operation: Operation) => void;
  /** Called before sets are deleted, so that an ending at once can tell it. */
  readonly deleting: () => void;
  /** Called before a schedule is made, changed or deleted, so that an ending at once can tell it. */
  readonly scheduling: (name: string) => void;
}

/** The exit status that a command ends with. */
export type ExitStatus = number;

export const clientsFor = (options: GlobalOptions): Clients =>
  openClients({ profile: options.profile, region: options.region });
