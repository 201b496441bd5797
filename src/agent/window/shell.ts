/**
 * The argument array of one of our shell programs; `name` is its `$0`. Without the two options bash reads `~/.bashrc`,
 * because Node's stdin for a child is a socket (bash(1), INVOCATION), and what stands there would run in the program.
 */
export const shellProgram = (program: string, name: string, ...rest: readonly string[]): readonly string[] => [
  'bash',
  '--norc',
  '--noprofile',
  '-c',
  program,
  name,
  ...rest,
];
