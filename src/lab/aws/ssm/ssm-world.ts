import type { RunDocument } from '../../ssm-agent/run-document.ts';
import type { LabHost } from '../../world.ts';
import { type Account, arn } from '../account.ts';
import { ApiError } from '../api-error.ts';
import type { Behaviour } from '../behaviour.ts';
import { conditionKeys, isAllowed } from '../iam/evaluate.ts';
import type { Principal } from '../iam/principals.ts';
import type { LabTime } from '../lab-time.ts';
import type { Association } from './associations.ts';
import type { Command } from './command.ts';
import type { StoredDocument } from './document-store.ts';
import type { StoredParameter } from './parameters.ts';

/** An instance whose SSM agent has registered. */
export interface ManagedHost {
  readonly host: LabHost;
  readonly run: RunDocument;
  readonly registeredAt: number;
}

/** What Systems Manager's actions work with. */
export interface SsmWorld {
  readonly account: Account;
  readonly behaviour: Behaviour;
  readonly time: LabTime;
  readonly now: () => number;
  readonly hosts: Map<string, ManagedHost>;
  readonly documents: Map<string, StoredDocument>;
  /** In the order of their sending. */
  readonly commands: Map<string, Command>;
  readonly associations: Map<string, Association>;
  readonly parameters: Map<string, StoredParameter>;
  /** Work that goes on after its answer; the lab waits for it when it shuts down. */
  readonly track: (work: Promise<void>) => void;
}

type Keys = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Throws AccessDeniedException unless the caller's policies allow the action of Systems Manager on the resource. */
export const authorizeSsm = (caller: Principal, action: string, resource: string, keys: Keys = {}): void =>
  authorizeAction(caller, `ssm:${action}`, resource, keys);

/** The same on an instance, whose tags IAM knows under both names. */
export function authorizeSsmOnHost(
  { account }: SsmWorld,
  caller: Principal,
  action: string,
  { host }: ManagedHost,
): void {
  const tagKeys = Object.fromEntries(
    Object.entries(host.tags).flatMap(([key, value]) => [
      [`ssm:resourceTag/${key}`, value],
      [`aws:ResourceTag/${key}`, value],
    ]),
  );
  authorizeSsm(caller, action, arn.instance(account, host.instanceId), tagKeys);
}

/** The same for an action of any service. */
export function authorizeAction(caller: Principal, action: string, resource: string, keys: Keys = {}): void {
  const request = { action, resource, keys: conditionKeys({ 'aws:userid': caller.userId, ...keys }) };
  if (isAllowed(caller.policies, request)) return;
  throw new ApiError(
    'AccessDeniedException',
    `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} ` +
      `because no identity-based policy allows the ${action} action`,
  );
}
