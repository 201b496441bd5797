import { randomBytes } from 'node:crypto';
import type { InstanceId } from '../../../shared/ids.ts';
import type { Account } from '../account.ts';
import type { Policy } from './policy.ts';

/** Who may call: a user with a static key, or an instance's session of the host role. */
export interface Principal {
  readonly arn: string;
  /** IAM's `aws:userid`: the unique id of a user, or `<role id>:<session name>`. */
  readonly userId: string;
  readonly policies: readonly Policy[];
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface TemporaryCredentials extends Credentials {
  readonly sessionToken: string;
  readonly expiration: Date;
}

export interface Key extends Credentials {
  readonly principal: Principal;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** IAM writes unique ids in capital letters and digits; a role's is the same for all its sessions. */
const HOST_ROLE_ID = 'AROALABHOSTROLE000001';
export const HOST_ROLE = 'mysql-ebs-snapshot-host';

/** The `aws:userid` of an instance's session of the host role. */
export const hostUserId = (instanceId: string): string => `${HOST_ROLE_ID}:${instanceId}`;

/** Every access key that the lab has given out. */
export class Principals {
  readonly #keys = new Map<string, Key>();
  readonly #account: Account;

  constructor(account: Account) {
    this.#account = account;
  }

  /** A user with a static access key. */
  addUser(name: string, policy: Policy): Credentials {
    const principal = {
      arn: `arn:aws:iam::${this.#account.id}:user/${name}`,
      userId: `AIDALAB${name.toUpperCase().padEnd(14, '0').slice(0, 14)}`,
      policies: [policy],
    };
    const credentials = { accessKeyId: keyId('AKIA'), secretAccessKey: secret(30) };
    this.#keys.set(credentials.accessKeyId, { ...credentials, principal });
    return credentials;
  }

  /** The session of the host role that an instance has by its instance profile. */
  hostSession(instanceId: InstanceId, policy: Policy): Principal {
    return {
      arn: `arn:aws:sts::${this.#account.id}:assumed-role/${HOST_ROLE}/${instanceId}`,
      userId: hostUserId(instanceId),
      policies: [policy],
    };
  }

  /** Temporary credentials for a session. */
  issue(principal: Principal, expiration: Date): TemporaryCredentials {
    const credentials = {
      accessKeyId: keyId('ASIA'),
      secretAccessKey: secret(30),
      sessionToken: secret(96),
      expiration,
    };
    this.#keys.set(credentials.accessKeyId, { ...credentials, principal });
    return credentials;
  }

  find(accessKeyId: string): Key | undefined {
    return this.#keys.get(accessKeyId);
  }
}

const keyId = (prefix: string): string => prefix + randomBytes(8).toString('hex').toUpperCase();
const secret = (bytes: number): string => randomBytes(bytes).toString('base64');
