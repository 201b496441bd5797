import { EC2Client } from '@aws-sdk/client-ec2';
import { SSMClient } from '@aws-sdk/client-ssm';
import { fromIni } from '@aws-sdk/credential-providers';
import { RequestHandler } from '../../aws/request-handler.ts';

/** What the command line says of the account; everything else is the SDK's standard environment. */
export interface Account {
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
}

/** The SDK's clients by what a repeated request may do. */
export interface Clients extends Disposable {
  readonly ec2: EC2Client;
  /** What may be asked for very often, and may happen twice: throttling is waited out. */
  readonly ec2Retrying: EC2Client;
  /** Reads before anything is sent: a wrong endpoint is to be said soon. */
  readonly ssm: SSMClient;
  /** Reads while hosts are at work: throttling and outages are waited out. */
  readonly ssmRetrying: SSMClient;
  /** What must not happen twice. */
  readonly ssmNoRetry: SSMClient;
}

/** A request that is not answered ends as an error: the SDK has no limit of its own, and only warns past `requestTimeout`. */
const LIMITS = { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true };

/**
 * Returns the SDK's clients for an account; disposing of them closes their connections. Where a profile is named, no other
 * source of credentials is asked. Nothing is sent before the first request; an attempt waits at most 30 seconds for an
 * answer.
 */
export function openClients({ profile, region }: Account): Clients {
  // The profile that was asked for or none: the chain would look at the environment first, and fall back to IMDS.
  const clientConfig = { requestHandler: new RequestHandler(LIMITS) };
  const asked = profile === undefined ? {} : { profile, credentials: fromIni({ profile, clientConfig }) };
  const common = () => ({
    ...asked,
    ...(region === undefined ? {} : { region }),
    requestHandler: new RequestHandler(LIMITS),
  });
  const ec2 = new EC2Client({ ...common(), maxAttempts: 3 });
  const ec2Retrying = new EC2Client({ ...common(), retryMode: 'adaptive', maxAttempts: 10 });
  const ssm = new SSMClient({ ...common(), maxAttempts: 3 });
  const ssmRetrying = new SSMClient({ ...common(), retryMode: 'adaptive', maxAttempts: 10 });
  const ssmNoRetry = new SSMClient({ ...common(), maxAttempts: 1 });
  shareClock([ec2, ec2Retrying, ssm, ssmRetrying, ssmNoRetry].map(({ config }) => config));
  return {
    ec2,
    ec2Retrying,
    ssm,
    ssmRetrying,
    ssmNoRetry,
    [Symbol.dispose]() {
      for (const client of [ec2, ec2Retrying, ssm, ssmRetrying, ssmNoRetry]) client.destroy();
    },
  };
}

/**
 * What one client has learned of a wrong clock of this machine, from a refusal that it repeats, all of them know: one that
 * asks once could not learn it in time.
 */
function shareClock(configs: readonly { systemClockOffset: number }[]): void {
  let offsetMs = 0;
  const systemClockOffset = {
    get: () => offsetMs,
    set: (learned: number) => {
      offsetMs = learned;
    },
  };
  for (const config of configs) Object.defineProperty(config, 'systemClockOffset', systemClockOffset);
}
