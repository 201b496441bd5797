/** The AWS services that the lab implements. */
export type ServiceName = 'ec2' | 'ssm' | 'sts';

/** Where the lab's resources live: one made-up account, one Region. */
export interface Account {
  readonly id: string;
  readonly region: string;
}

/** ARNs as the service authorization reference writes them (a snapshot's has no account). */
export const arn = {
  instance: ({ id, region }: Account, instanceId: string) => `arn:aws:ec2:${region}:${id}:instance/${instanceId}`,
  volume: ({ id, region }: Account, volumeId: string) => `arn:aws:ec2:${region}:${id}:volume/${volumeId}`,
  snapshot: ({ region }: Account, snapshotId: string) => `arn:aws:ec2:${region}::snapshot/${snapshotId}`,
  document: ({ id, region }: Account, name: string) => `arn:aws:ssm:${region}:${id}:document/${name}`,
  parameter: ({ id, region }: Account, name: string) =>
    `arn:aws:ssm:${region}:${id}:parameter/${name.replace(/^\//, '')}`,
  /** Secrets Manager ends a secret's ARN with six characters of its own choice. */
  secret: ({ id, region }: Account, name: string) => `arn:aws:secretsmanager:${region}:${id}:secret:${name}-LaBlAb`,
  association: ({ id, region }: Account, associationId: string) =>
    `arn:aws:ssm:${region}:${id}:association/${associationId}`,
};
