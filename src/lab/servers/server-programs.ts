/**
 * How the programs of a server are started, wherever they lie. All of them run with the machine's own root, so that a
 * path means the same to the server, to the agent and in a set.
 */
export interface ServerPrograms {
  /** Argument array that starts a daemon, like `mysqld`. `--no-defaults`, `folderOptions` and its arguments follow. */
  daemon(name: string): readonly string[];
  /** By which the daemon finds its messages, character sets and plugins. */
  readonly folderOptions: readonly string[];
  /** Argument array that starts a tool, like `mysqlbinlog`. Its arguments follow. */
  tool(name: string): readonly string[];
  /**
   * Argument array that starts a shell script of the server's packages, which finds its own programs at the paths of
   * its distribution; and under which path the script sees a folder of this machine.
   */
  script(name: string, folder: string): { readonly argv: readonly string[]; readonly folder: string };
}
