import { arn } from '../account.ts';
import { ApiError } from '../api-error.ts';
import { conditionKeys, isAllowed } from '../iam/evaluate.ts';
import type { Principal } from '../iam/principals.ts';
import type { ManagedHost, SsmWorld } from './model.ts';

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
