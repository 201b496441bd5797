import type { HostReader } from '../ports.ts';

/**
 * Answers which wanted entry of a folder of symbolic links (`/dev/disk/by-uuid`) leads to a path; of several the first by name.
 * Every link is followed once at most, however often it is asked.
 */
export function linksInto(
  reader: HostReader,
  folder: string,
  isWanted: (entry: string) => boolean,
): (target: string) => Promise<string | undefined> {
  const entries = new Map<string | undefined, string>();
  let left: string[] | undefined;
  return async (target) => {
    left ??= [...((await reader.list(folder)) ?? [])].filter(isWanted).sort();
    while (!entries.has(target)) {
      const entry = left.shift();
      if (entry === undefined) return undefined;
      const leadsTo = await reader.realPath(`${folder}/${entry}`);
      if (!entries.has(leadsTo)) entries.set(leadsTo, entry);
    }
    return entries.get(target);
  };
}
