/** The tag keys of a set. `Name` is for people; everything else stands under one prefix. */
export const TAG_PREFIX = 'mysql-ebs-snapshot:';
export const TAG = {
  name: 'Name',
  set: `${TAG_PREFIX}set`,
  run: `${TAG_PREFIX}run`,
  instance: `${TAG_PREFIX}instance`,
  /** The caller's `aws:userid` at creation: IAM lets a host regrade only what carries its own. */
  owner: `${TAG_PREFIX}owner`,
  level: `${TAG_PREFIX}level`,
  grade: `${TAG_PREFIX}grade`,
  /** When a restore drill has passed. Of the verifying role alone: IAM lets no host give it. */
  verified: `${TAG_PREFIX}verified`,
  members: `${TAG_PREFIX}members`,
  server: `${TAG_PREFIX}server`,
  /** MySQL's `server_uuid`; MariaDB's `server_uid`, which two servers of one host may share: no identity. */
  serverUuid: `${TAG_PREFIX}server-uuid`,
  /** The real path of the data directory, or its hash: with the instance and MySQL's `server_uuid`, which server it is. */
  datadir: `${TAG_PREFIX}datadir`,
  binlog: `${TAG_PREFIX}binlog`,
  gtid: `${TAG_PREFIX}gtid`,
  takenAt: `${TAG_PREFIX}taken-at`,
} as const;

/** EC2's limits [API model]: tags a resource, characters of a key and of a value. */
export const TAG_LIMITS = { perResource: 50, key: 127, value: 256 } as const;

export type Tags = Readonly<Record<string, string>>;
