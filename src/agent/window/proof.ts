/** What became of a proof; `detail` is for people. */
export interface Proof {
  readonly name:
    | 'frozen throughout'
    | 'lock still held'
    | 'recovery exact'
    | 'coordinates unmoved'
    | 'settings as planned'
    | 'sources as planned'
    | 'engines as planned'
    | 'storage as planned';
  readonly held: boolean;
  readonly detail: string;
}

/** The longest for one statement between lock and unlock: a server that does not answer must not keep its own lock. */
export const STATEMENT_DEADLINE_MS = 3_000;
