import type { ServerFacts } from '../../../discovery/facts.ts';
import type { Refusal } from '../refusal.ts';

/** Looks at the server and says what keeps its crash recovery from being exact; nothing when all is well. Pure. */
export type Obligation = (server: ServerFacts) => readonly Refusal[];

/**
 * How a setting is changed that level `crash` rests on. MariaDB keeps no time of SET GLOBAL, so there it has to come from the
 * option file (settings-from-start.ts).
 */
export const settingHint = ({ version }: ServerFacts, setting: string): string =>
  version.flavour === 'mariadb'
    ? `Write ${setting} into the option file (group [mariadbd]) and restart the server, or use --level application.`
    : `SET GLOBAL ${setting}; (and in the option file), or use --level application.`;

/** The refusal of an obligation that is not met. */
export const notProvable = (message: string, hint: string): Refusal => ({ code: 'crash-not-provable', message, hint });
