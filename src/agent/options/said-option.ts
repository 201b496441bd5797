import { RunError } from '../../shared/errors.ts';

/** An option of a group that is read, as a file says it. Later ones win over earlier ones of the same rank. */
export interface SaidOption {
  /** In lower case. */
  readonly group: string;
  readonly name: string;
  readonly value: string;
  /** File and line. */
  readonly where: string;
}

/** Which options count over which: our group over those of all clients, and our group with the suffix over both. */
export type Rank = 0 | 1 | 2;

/** An option that means something to us, under the one name that it has. */
export interface KnownOption extends SaidOption {
  readonly name: KnownName;
  readonly rank: Rank;
}

const OWN_GROUP = 'mysql-ebs-snapshot';
/** Groups that MariaDB's programs alone read [doc]. */
const MARIADB_GROUPS = ['client-server', 'client-mariadb'];

/** Every group that is read; a suffix adds a group of its own to each, as in MySQL's programs. */
export const optionGroups = (suffix: string): readonly string[] => {
  const groups = ['client', ...MARIADB_GROUPS, OWN_GROUP];
  return suffix === '' ? groups : [...groups, ...groups.map((group) => `${group}${suffix}`.toLowerCase())];
};

/** Whether MySQL's programs read the group as well, or would if they had it. */
export const isOfEveryFlavour = ({ group }: SaidOption): boolean =>
  !MARIADB_GROUPS.some((name) => group.startsWith(name));

export const hasSuffix = ({ group }: SaidOption, suffix: string): boolean =>
  suffix !== '' && optionGroups('').some((name) => group === `${name}${suffix}`.toLowerCase());

function rankOf(option: SaidOption, suffix: string): Rank {
  if (!option.group.startsWith(OWN_GROUP)) return 0;
  return hasSuffix(option, suffix) ? 2 : 1;
}

/** Decide which server is met, and as whom: another spelling of one of these is never passed over. */
const DECIDING = ['protocol', 'host', 'port', 'socket', 'dns-srv-name', 'user', 'password'] as const;
const OF_TLS = ['ssl-ca', 'ssl-cert', 'ssl-key', 'ssl-mode', 'ssl-verify-server-cert', 'tls-version'] as const;
const KNOWN = [...DECIDING, ...OF_TLS] as const;
type KnownName = (typeof KNOWN)[number];

/**
 * The options that mean something to us. The servers' programs take a name shortened, in another case (MariaDB) or
 * behind a prefix such as `maximum-` as well, each by the list of all its options: that is refused where it may be an
 * option that decides which server is met. Throws RunError `usage`.
 */
export function knownOptions(said: readonly SaidOption[], suffix: string): readonly KnownOption[] {
  return said.flatMap((option) => {
    const name = knownName(option);
    if (`${option.name}${name === undefined ? '' : option.value}`.includes('\ufffd')) {
      throw new RunError('usage', `${placeOf(option)} is not UTF-8`, { hint: 'Save the file in UTF-8.' });
    }
    return name === undefined ? [] : [{ ...option, name, rank: rankOf(option, suffix) }];
  });
}

/** Whether the option has a say in which server is met. */
export const decidesServer = (option: SaidOption): boolean =>
  [...DECIDING.slice(0, -2)].some((name) => name.startsWith(bareName(option.name).toLowerCase()));

function knownName(option: SaidOption): KnownName | undefined {
  const name = option.name.replace(/^(loose-)+/, '');
  const exact = KNOWN.find((known) => known === name);
  if (exact !== undefined) return exact;
  const bare = bareName(name).toLowerCase();
  const meant = bare === '' ? undefined : DECIDING.find((known) => known.startsWith(bare));
  if (meant === undefined) return undefined;
  throw new RunError('usage', `'${option.name}' may be read as '${meant}': ${placeOf(option)}`, {
    hint: `Write the name in full: ${meant}.`,
  });
}

/** Says nothing of whom is believed: the session, and no check of the identity, where the CA is checked all the same. */
const MOOT = /^(ssl-session-data(-continue-on-failed-reuse)?|(skip|disable)-ssl-verify-server-cert)$/;

/** Options of TLS that cannot be followed, another spelling of the known ones among them. */
export const unfollowedOfTls = (said: readonly SaidOption[]): readonly SaidOption[] =>
  said.filter((option) => {
    const name = option.name.replace(/^(loose-)+/, '');
    const isKnown = OF_TLS.some((known) => known === name) || MOOT.test(name);
    return !isKnown && /^(ssl|tls)-/i.test(bareName(name));
  });

const bareName = (name: string): string => name.replace(/^((loose|skip|disable|enable|maximum)-)+/i, '');

/** Where an option stands, for messages. */
export const placeOf = ({ group, where }: SaidOption): string => `[${group}] in ${where}`;

/** The one that counts; of one rank the last. */
export function strongest(options: readonly KnownOption[], name: KnownName): KnownOption | undefined {
  const said = options.filter((option) => option.name === name);
  return said.findLast(({ rank }) => rank === Math.max(...said.map((each) => each.rank)));
}
