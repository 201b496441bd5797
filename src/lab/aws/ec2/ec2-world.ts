import type { EbsStore } from '../../world.ts';
import type { Account } from '../account.ts';
import { ApiError } from '../api-error.ts';
import type { Behaviour } from '../behaviour.ts';
import { conditionKeys, isAllowed } from '../iam/evaluate.ts';
import type { Principal } from '../iam/principals.ts';
import type { Ec2State } from './state.ts';

/** What EC2's actions work with. */
export interface Ec2World {
  readonly account: Account;
  readonly state: Ec2State;
  readonly store: EbsStore;
  readonly behaviour: Behaviour;
  readonly now: () => number;
}

type Keys = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Throws UnauthorizedOperation unless the caller's policies allow the action on the resource. */
export function authorizeEc2(caller: Principal, action: string, resource: string, keys: Keys = {}): void {
  const request = { action: `ec2:${action}`, resource, keys: conditionKeys({ 'aws:userid': caller.userId, ...keys }) };
  if (isAllowed(caller.policies, request)) return;
  const detail = {
    allowed: false,
    explicitDeny: false,
    context: { principal: caller, action: request.action, resource },
  };
  throw new ApiError(
    'UnauthorizedOperation',
    `You are not authorized to perform this operation. User: ${caller.arn} is not authorized to perform: ` +
      `${request.action} on resource: ${resource} because no identity-based policy allows the ${request.action} action. ` +
      `Encoded authorization failure message: ${Buffer.from(JSON.stringify(detail.context.resource)).toString('base64url')}`,
    403,
  );
}

/** DryRun ends here, after the permissions have been proven [doc: CreateSnapshots, DryRun]. */
export function endDryRun(dryRun: boolean): void {
  if (dryRun) throw new ApiError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
}

/** The condition keys that a resource's own tags give. */
export const resourceTagKeys = (tags: ReadonlyMap<string, string>): Keys =>
  Object.fromEntries(
    [...tags].flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      [`ec2:ResourceTag/${key}`, value],
    ]),
  );

/** The condition keys that the tags of the request give. */
export const requestTagKeys = (tags: ReadonlyMap<string, string>): Keys => ({
  ...Object.fromEntries([...tags].map(([key, value]) => [`aws:RequestTag/${key}`, value])),
  'aws:TagKeys': tags.size === 0 ? undefined : [...tags.keys()],
});
