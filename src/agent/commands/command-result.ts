/** How a command ended: the exit status and what goes to stdout, as JSON (one line) and for a person. */
export interface CommandResult {
  readonly exit: number;
  readonly json: string;
  readonly text: string;
}
