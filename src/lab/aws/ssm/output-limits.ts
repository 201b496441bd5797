/** What the service's views show of an invocation's output. */

/** GetCommandInvocation, in characters [doc: StandardOutputContent, StandardErrorContent]. */
export const STDOUT_CHARACTERS = 24_000;
export const STDERR_CHARACTERS = 8_000;

/** ListCommandInvocations' plugin Output, in bytes [model: CommandPluginOutput]. */
const COMBINED_BYTES = 2_500;
const SEPARATOR = '\n----------ERROR-------\n';
const STDOUT_CUT = '\n---Output truncated---';
const STDERR_CUT = '\n---Error truncated----';

/**
 * stdout and stderr in one text of at most 2,500 bytes: a stream that needs no more than its half of what
 * the 24-byte separator leaves (1,238) stays whole, the other one is cut. As seen with the genuine agent.
 */
export function combinedOutput(stdout: string, stderr: string): string {
  const separator = stderr === '' ? '' : SEPARATOR;
  const space = COMBINED_BYTES - separator.length;
  const [out, err] = [Buffer.from(stdout), Buffer.from(stderr)];
  if (out.length + err.length <= space) return stdout + separator + stderr;
  const half = space / 2;
  const cutOut = (bytes: number) => head(out, bytes - STDOUT_CUT.length) + STDOUT_CUT;
  const cutErr = (bytes: number) => head(err, bytes - STDERR_CUT.length) + STDERR_CUT;
  if (out.length <= half) return stdout + separator + cutErr(space - out.length);
  if (err.length <= half) return cutOut(space - err.length) + separator + stderr;
  return cutOut(half) + separator + cutErr(half);
}

/** The first bytes of a text, ended at a whole character. */
function head(bytes: Buffer, length: number): string {
  let end = Math.max(length, 0);
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString('utf8');
}
