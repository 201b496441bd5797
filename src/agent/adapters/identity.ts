import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { MetadataService } from '@aws-sdk/ec2-metadata-service';
import * as v from 'valibot';
import { RequestHandler } from '../../aws/request-handler.ts';
import { messageOf, RunError } from '../../shared/errors.ts';
import { InstanceId } from '../../shared/ids.ts';

/** Retried here: the SDK's own second try no longer tells what was wrong with the first. */
const METADATA = { httpOptions: { timeout: 2_000 }, retries: 0, ec2MetadataV1Disabled: true };
const METADATA_TRIES = 2;
/** Without a leading slash: the SDK puts the endpoint's own in front. */
const IDENTITY_DOCUMENT = 'latest/dynamic/instance-identity/document';

/** What every client of the SDK is made with. */
export interface AwsSettings {
  readonly region: string;
  readonly credentials: ReturnType<typeof fromNodeProviderChain>;
}

const Region = v.pipe(v.string(), v.regex(/^[a-z]{2,}(-[a-z0-9]+)+$/, 'is not a Region (like eu-central-1)'));
const IdentityDocument = v.object({ instanceId: InstanceId, region: Region });

/**
 * Who and where this host is, by its identity document (IMDSv2 only: version 1 can be reached through a careless
 * proxy). AWS_REGION wins over the document's. Throws RunError `no-identity`.
 */
export async function identify(): Promise<{ instanceId: InstanceId; aws: AwsSettings }> {
  const document = await identityDocument();
  const region = process.env['AWS_REGION'] ?? document.region;
  const clientConfig = { region, requestHandler: new RequestHandler() };
  const credentials = fromNodeProviderChain({ clientConfig, ec2MetadataV1Disabled: true });
  return { instanceId: document.instanceId, aws: { region, credentials } };
}

async function identityDocument(): Promise<v.InferOutput<typeof IdentityDocument>> {
  const endpoint = process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] ?? 'http://169.254.169.254';
  for (let number = 1; ; number++) {
    try {
      const text = await new MetadataService(METADATA).request(IDENTITY_DOCUMENT, {});
      return v.parse(IdentityDocument, JSON.parse(text));
    } catch (error) {
      if (number < METADATA_TRIES) continue;
      const reason = messageOf(error);
      throw new RunError('no-identity', `${endpoint}: no identity document: ${reason}`, { cause: error });
    }
  }
}
