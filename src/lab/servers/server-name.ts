/** The servers that a lab can run, by flavour and series. */
export const SERVERS = ['mariadb-10.11', 'mariadb-11.8', 'mysql-9.7'] as const;
export type ServerName = (typeof SERVERS)[number];

/** The one that the distribution brings (Debian bookworm's is 10.11; of another it is whatever is installed). */
export const INSTALLED_SERVER = 'mariadb-10.11' satisfies ServerName;

/** Those that are debootstrapped from another release of Debian. */
export type DebootstrappedServer = Exclude<ServerName, typeof INSTALLED_SERVER>;
