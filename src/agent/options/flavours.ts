import { isOfEveryFlavour, optionGroups, type SaidOption } from './said-option.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the programs of one flavour find on this host. */
export interface Reading {
  readonly suffix: string;
  readonly options: readonly SaidOption[];
  readonly environment: Environment;
}

/** What those of each flavour find. */
export interface Readings {
  readonly mariadb: Reading;
  /** Without the login file. */
  readonly mysql: Reading;
  /** What the login file says, which MySQL's programs read last. */
  readonly login: readonly SaidOption[];
}

/** Variables that MariaDB's programs alone read; an empty one hides MySQL's too [seen on 10.11 and 11.8]. */
export const MARIADB_VARIABLES = ['MARIADB_HOME', 'MARIADB_GROUP_SUFFIX', 'MARIADB_HOST', 'MARIADB_UNIX_PORT'];

/**
 * Reads what the programs of each flavour do; `read` gives the options of the groups asked for, with the folder of that
 * flavour's *_HOME, `readLogin` those of the login file. The suffix of the command line wins over the environment's.
 */
export function readForEach(
  suffix: string,
  environment: Environment,
  read: (groups: readonly string[], serverHome: string | undefined) => readonly SaidOption[],
  readLogin: (groups: readonly string[]) => readonly SaidOption[],
): Readings {
  const readBy = (prefixes: readonly string[], variables: Environment): Reading => {
    const said = (name: string) => prefixes.map((each) => variables[each + name]).find((value) => value !== undefined);
    const counts = suffix || (said('GROUP_SUFFIX') ?? '');
    return { suffix: counts, options: read(optionGroups(counts), said('HOME')), environment: variables };
  };
  const mysql = readBy(['MYSQL_'], withoutMariadbs(environment));
  return {
    mariadb: readBy(['MARIADB_', 'MYSQL_'], environment),
    mysql: { ...mysql, options: mysql.options.filter(isOfEveryFlavour) },
    login: readLogin(optionGroups(mysql.suffix)).filter(isOfEveryFlavour),
  };
}

const withoutMariadbs = (environment: Environment): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !MARIADB_VARIABLES.includes(name)));
