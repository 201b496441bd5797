import { CreateSnapshotsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import type { Result } from '../../../src/shared/result.ts';
import { TAG } from '../../../src/shared/tags.ts';

/** What the agent of a host that is done has left in EC2: its set, proven, and stamped by IAM. */
export async function leaveSet(
  ec2: EC2Client,
  instance: string,
  { run, set = '', grade = 'unproven', members = 0 }: Result,
): Promise<void> {
  const tags = {
    [TAG.set]: set,
    [TAG.run]: run,
    [TAG.instance]: instance,
    [TAG.owner]: `AROALABHOSTROLE000001:${instance}`,
    [TAG.grade]: grade,
    [TAG.members]: String(members),
  };
  await ec2.send(
    new CreateSnapshotsCommand({
      InstanceSpecification: { InstanceId: instance, ExcludeBootVolume: true },
      TagSpecifications: [
        { ResourceType: 'snapshot', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
      ],
    }),
  );
}
