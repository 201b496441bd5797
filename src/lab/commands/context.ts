/** What the commands are given of the process they run in; `main` makes it once. */
export interface Context {
  /** The lab's own bundle, by its real path; agent and controller lie beside it. */
  readonly program: string;
  readonly dist: string;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly cancel: AbortSignal;
  /** Results, on stdout. */
  readonly print: (text: string) => void;
  /** Progress, as sentences on stderr. */
  readonly say: (sentence: string) => void;
}

/** The exit status that a command ends with. */
export type ExitStatus = number;
