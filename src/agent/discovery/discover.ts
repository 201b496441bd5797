import type { Level } from '../../shared/result.ts';
import type { Ec2Reader, HostReader, ServerReader } from '../ports.ts';
import type { HostFacts } from './facts.ts';
import { readServer } from './server-facts.ts';
import { mapStorage } from './storage-map.ts';

/**
 * What there is, as far as a set at `level` needs to know: the instance and its volumes, the server and its files, and the devices in between.
 * Reads only. Throws RunError 10-29 where something cannot be read or understood; what merely must not be
 * snapshotted is a fact, and the preflight checks refuse it.
 */
export async function discover(
  host: HostReader,
  server: ServerReader,
  ec2: Ec2Reader,
  level: Level,
): Promise<HostFacts> {
  const [instance, serverFacts] = await Promise.all([ec2.instance(), readServer(server, host, level)]);
  return { instance, server: serverFacts, storage: await mapStorage(host, serverFacts, instance) };
}
