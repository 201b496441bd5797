import type { ServerFacts } from '../../../discovery/facts.ts';
import type { Refusal } from '../refusal.ts';

/** Looks at the server and says what keeps its crash recovery from being exact; nothing when all is well. Pure. */
export type Obligation = (server: ServerFacts) => readonly Refusal[];

/** The refusal of an obligation that is not met. */
export const notProvable = (message: string, hint: string): Refusal => ({ code: 'crash-not-provable', message, hint });
