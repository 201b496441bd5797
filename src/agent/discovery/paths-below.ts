import { messageOf } from '../../shared/errors.ts';
import type { HostReader } from '../ports.ts';
import { type BlockGraph, blockGraph, devicesIn } from './block-graph.ts';
import { MOUNTINFO, type Mount, mountOf, parseMountinfo, superOption } from './mountinfo.ts';

/** A path that a write to another one ends in, and what leads there; or why that cannot be told. For people. */
export type PathBelow = { readonly path: string; readonly via: string } | { readonly unknown: string };

/** What overlayfs writes to; the lower layers are only read. */
const WRITTEN = ['upperdir', 'workdir'];

/**
 * Answers where what is written to a real path ends up: below an overlay in the folders of its upper layer, below a loop
 * device in its backing file, and in what is below those in turn; nowhere else where it lies on a device of its own.
 * One look at the host, at the first question.
 */
export function pathsBelow(reader: HostReader): (path: string) => Promise<readonly PathBelow[]> {
  const graph = blockGraph(reader);
  let mounts: Promise<readonly Mount[]> | undefined;
  return async (path) => {
    mounts ??= reader.readText(MOUNTINFO).then((text) => parseMountinfo(text ?? ''));
    try {
      return await follow(reader, graph, await mounts, path);
    } catch (error) {
      return [{ unknown: `what it stands on is not understood: ${messageOf(error)}` }];
    }
  };
}

async function follow(
  reader: HostReader,
  graph: BlockGraph,
  mounts: readonly Mount[],
  path: string,
): Promise<readonly PathBelow[]> {
  const found: PathBelow[] = [];
  const looked = new Set<string>();
  const left = [path];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const mount = mountOf(next, mounts);
    if (mount === undefined || looked.has(mount.majorMinor)) continue;
    looked.add(mount.majorMinor);
    for (const { named, via } of await directlyBelow(graph, mount)) {
      const real = named.startsWith('/') ? await reader.realPath(named) : undefined;
      if (real === undefined) found.push({ unknown: `${via}, ${named}, is not in this mount namespace` });
      else {
        found.push({ path: real, via });
        left.push(real);
      }
    }
  }
  return found;
}

/** `named`: as the kernel has it, which may be a name of another mount namespace or of a file that was deleted. */
async function directlyBelow(graph: BlockGraph, mount: Mount): Promise<readonly { named: string; via: string }[]> {
  if (mount.fsType === 'overlay') {
    return WRITTEN.flatMap((option) => {
      const named = superOption(mount, option);
      return named === undefined ? [] : [{ named, via: `the ${option} of the overlay at ${mount.mountPoint}` }];
    });
  }
  const device = await graph.withNumber(mount.majorMinor);
  return (device === undefined ? [] : devicesIn(device)).flatMap(({ layer, backingFile }) =>
    backingFile === undefined
      ? []
      : [{ named: backingFile, via: `the backing file of ${layer.name}, mounted at ${mount.mountPoint}` }],
  );
}
