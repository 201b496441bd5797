import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { replayCapture } from '../../../../src/agent/adapters/capture-replayer.ts';
import { discover } from '../../../../src/agent/discovery/discover.ts';
import type { HostFacts } from '../../../../src/agent/discovery/facts.ts';
import type { AttachedVolume } from '../../../../src/agent/ports.ts';
import { VolumeId } from '../../../../src/shared/ids.ts';
import type { Level } from '../../../../src/shared/result.ts';

const HOSTS = join(import.meta.dirname, '../../../fixtures/hosts');

/** The facts of a captured host of the fixtures: what a planner really gets. */
export async function factsOf(host: string, level: Level = 'application'): Promise<HostFacts> {
  const { host: reader, server, ec2 } = replayCapture(readFileSync(join(HOSTS, host, 'capture.json'), 'utf8'));
  return discover(reader, server, ec2, level);
}

export const someVolume = (n: number, device = `/dev/sd${n}`): AttachedVolume => ({
  volumeId: v.parse(VolumeId, `vol-${String(n).padStart(8, '0')}`),
  sizeGiB: 1,
  device,
  tags: {},
});
