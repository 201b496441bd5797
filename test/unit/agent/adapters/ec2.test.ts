import fc from 'fast-check';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { SdkEc2 } from '../../../../src/agent/adapters/ec2.ts';
import type { AwsSettings } from '../../../../src/agent/adapters/identity.ts';
import type { AttachedVolume, CreateSetRequest } from '../../../../src/agent/ports.ts';
import { RunError } from '../../../../src/shared/errors.ts';
import { InstanceId, SnapshotId, VolumeId } from '../../../../src/shared/ids.ts';
import { type Answer, answeringEndpoint, asXml } from '../../../support/aws-endpoint.ts';
import { mangled, oddText } from '../../../support/mangled-json.ts';

const INSTANCE = v.parse(InstanceId, 'i-0123456789abcdef0');
const REGION = 'eu-central-1';
const REQUEST: CreateSetRequest = {
  instanceId: INSTANCE,
  excludeBootVolume: true,
  excludeDataVolumeIds: [],
  description: 'a set',
  tags: {},
};
const DRY_RUN_REFUSED: Answer = error(412, 'DryRunOperation', 'Request would have succeeded, but DryRun flag is set.');

const endpoint = await answeringEndpoint();
const credentials: AwsSettings['credentials'] = async () => ({ accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' });
let ec2: SdkEc2;
beforeAll(async () => {
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint.url);
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
  ec2 = new SdkEc2(INSTANCE, { region: REGION, credentials });
  endpoint.answer = DRY_RUN_REFUSED;
  await ec2.proveCreateSet(REQUEST);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await endpoint[Symbol.asyncDispose]();
});

/** What `ask` makes of an answer. */
async function when<T>(answer: Answer, ask: () => Promise<T>): Promise<T> {
  endpoint.answer = answer;
  return ask();
}

const ok = (value: unknown): Answer => ({ status: 200, body: `<Response>${asXml(value)}</Response>` });

function error(status: number, Code: string, Message: string): Answer {
  return { status, body: `<Response><Errors>${asXml({ Error: { Code, Message } })}</Errors></Response>` };
}

const text = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((each) => !/[\p{Cc}\ufffe\uffff]/u.test(each));
const tags = fc.dictionary(text, text, { maxKeys: 5 });
const volumeId = fc.stringMatching(/^vol-([0-9a-f]{8}|[0-9a-f]{17})$/).map((id) => v.parse(VolumeId, id));
const snapshotId = fc.stringMatching(/^snap-([0-9a-f]{8}|[0-9a-f]{17})$/).map((id) => v.parse(SnapshotId, id));
const instanceTags = fc.dictionary(text, text, { maxKeys: 5 });
const volumes = fc.uniqueArray(
  fc.record({
    volumeId,
    sizeGiB: fc.integer({ min: 1, max: 65_536 }),
    device: text,
    tags,
    type: fc.constantFrom('gp3', 'st1', 'of the future'),
    pendingSnapshots: fc.nat(3),
  }),
  { maxLength: 4, selector: (volume) => volume.volumeId },
);

const tagSet = (named: Readonly<Record<string, string>>) =>
  Object.entries(named).map(([key, value]) => ({ key, value }));

/** DescribeInstances, DescribeVolumes and DescribeSnapshots in one: each takes its own part and leaves the rest. */
function instanceAnswer(facts: {
  tags: Readonly<Record<string, string>>;
  rootDevice: string | undefined;
  volumes: readonly (Omit<AttachedVolume, 'volumeId'> & { volumeId: string })[];
}) {
  const instance = {
    instanceId: INSTANCE,
    ...(facts.rootDevice !== undefined && { rootDeviceName: facts.rootDevice }),
    tagSet: tagSet(facts.tags),
  };
  return {
    reservationSet: [{ instancesSet: [instance] }],
    volumeSet: facts.volumes.map(({ volumeId, sizeGiB, device, tags, type }) => ({
      volumeId,
      size: sizeGiB,
      volumeType: type,
      attachmentSet: [
        { instanceId: 'i-0fedcba9876543210', status: 'attached', device: '/dev/sdz' },
        { instanceId: INSTANCE, status: 'attached', device },
      ],
      tagSet: tagSet(tags),
    })),
    snapshotSet: facts.volumes.flatMap(({ volumeId, pendingSnapshots = 0 }) =>
      Array.from({ length: pendingSnapshots }, () => ({ volumeId, snapshotId: 'snap-0123456789abcdef0' })),
    ),
  };
}

describe('what EC2 says of the instance', () => {
  test('comes through as it is, whatever the names and tags are', async () => {
    const rootDevice = fc.option(
      text.filter((each) => each !== ''),
      { nil: undefined },
    );
    await fc.assert(
      fc.asyncProperty(instanceTags, rootDevice, volumes, async (tags, rootDevice, volumes) => {
        const found = await when(ok(instanceAnswer({ tags, rootDevice, volumes })), () => ec2.instance());
        const name = Object.hasOwn(tags, 'Name') ? tags['Name'] : INSTANCE;
        expect(found).toEqual({ instanceId: INSTANCE, region: REGION, name, rootDevice, volumes });
      }),
      { numRuns: 50 },
    );
  });
});

const CREATED = { snapshotSet: [{ snapshotId: 'snap-0123456789abcdef0', volumeId: 'vol-0123456789abcdef0' }] };
const ANSWERS = [
  instanceAnswer({
    tags: { Name: 'db01' },
    rootDevice: '/dev/xvda',
    volumes: [{ volumeId: 'vol-0123456789abcdef0', sizeGiB: 8, device: '/dev/sdf', tags: { a: 'b' }, type: 'gp3' }],
  }),
  CREATED,
  { GetCallerIdentityResult: { UserId: 'AROAEXAMPLE:i-0123456789abcdef0' } },
  { Errors: { Error: { Code: 'InvalidParameterValue', Message: 'no' } } },
];
const status = fc.oneof(fc.constantFrom(200, 400, 403, 500, 503), fc.integer({ min: 200, max: 599 }));
const anyBody = fc.oneof(
  fc
    .constantFrom(...ANSWERS)
    .chain(mangled)
    .map((value) => `<Response>${asXml(value)}</Response>`),
  fc
    .constantFrom(...ANSWERS)
    .chain((value) => fc.nat(200).map((at) => `<Response>${asXml(value)}</Response>`.slice(0, at))),
  fc.constantFrom('', '<html><body>Sign in</body></html>', '{"message":"Forbidden"}'),
  oddText,
  fc.uint8Array(),
);
const anyAnswer: fc.Arbitrary<Answer> = fc.record({ status, body: anyBody });

describe('whatever answers in the place of EC2', () => {
  /** A value of the right form, or a RunError that tells more than that something went wrong. */
  async function typed<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(RunError);
      const { code, message } = thrown as RunError;
      expect(code).not.toBe('bug');
      expect(message).toMatch(/^\S[^\n]*\S$/);
      return undefined;
    }
  }

  test('a read gives typed values or a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer) => {
        const instance = await when(answer, () => typed(() => ec2.instance()));
        for (const { volumeId, sizeGiB } of instance?.volumes ?? []) {
          expect(v.is(VolumeId, volumeId)).toBe(true);
          expect(Number.isSafeInteger(sizeGiB) && sizeGiB > 0).toBe(true);
        }
        for (const { snapshotId, volumeId } of (await typed(() => ec2.findSet('run/i-1'))) ?? []) {
          expect(v.is(SnapshotId, snapshotId) && v.is(VolumeId, volumeId)).toBe(true);
        }
        expect((await typed(() => ec2.userId()))?.length ?? 1).toBeGreaterThan(0);
      }),
      { numRuns: 80 },
    );
  });

  test('the set is only called created where EC2 names snapshots, and only refused where EC2 says why', async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer) => {
        const said = await when(answer, () => ec2.createSet(REQUEST, 5_000));
        if (said.kind === 'created') {
          expect(answer.status).toBeLessThan(300);
          expect(said.snapshots.length).toBeGreaterThan(0);
          for (const { snapshotId } of said.snapshots) expect(String(answer.body)).toContain(snapshotId);
        }
        if (said.kind === 'refused') {
          expect(answer.status).toBeGreaterThanOrEqual(400);
          expect(String(answer.body)).toContain('<Code>');
          expect(said.code).not.toBe('');
        }
      }),
      { numRuns: 150 },
    );
  });

  test('a set that EC2 reports comes through as it is', async () => {
    const member = fc.record({ snapshotId, volumeId });
    await fc.assert(
      fc.asyncProperty(fc.array(member, { minLength: 1, maxLength: 5 }), async (snapshots) => {
        const answer = ok({ snapshotSet: snapshots });
        expect(await when(answer, () => ec2.createSet(REQUEST, 5_000))).toEqual({ kind: 'created', snapshots });
        expect(await when(answer, () => ec2.findSet('run/i-1'))).toEqual(snapshots);
      }),
      { numRuns: 50 },
    );
  });

  test.each<[string, Answer]>([
    ['nothing', { status: 200, body: '' }],
    ['a page to sign in', { status: 200, body: '<html><body>Sign in</body></html>' }],
    ['no snapshot', ok({ snapshotSet: [] })],
    ['a refusal without a code, as of a proxy', { status: 403, body: '<html>Forbidden</html>' }],
    ['a time-out of a proxy', { status: 408, body: '' }],
    ['a proxy that knows no such page', { status: 404, body: '' }],
  ])('%s leaves open whether there is a set', async (_what, answer) => {
    expect(await when(answer, () => ec2.createSet(REQUEST, 5_000))).toMatchObject({ kind: 'unknown' });
  });

  test('a definite refusal is told with EC2’s own code', async () => {
    const answer = error(400, 'InvalidParameterValue', 'Value (x) is not valid\nx-amz-security-token: secret');
    expect(await when(answer, () => ec2.createSet(REQUEST, 5_000))).toEqual({
      kind: 'refused',
      code: 'InvalidParameterValue',
      message: 'Value (x) is not valid',
    });
  });

  test('a DryRun proves nothing but by EC2’s own word', async () => {
    const prove = () => ec2.proveCreateSet(REQUEST);
    await expect(when(DRY_RUN_REFUSED, prove)).resolves.toBeUndefined();
    await expect(when(ok(CREATED), prove)).rejects.toMatchObject({ code: 'outcome-unknown' });
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer) => {
        await expect(when(answer, prove)).rejects.toSatisfy(
          (thrown) => thrown instanceof RunError && thrown.code !== 'bug',
        );
      }),
    );
    await when(DRY_RUN_REFUSED, prove);
  });

  test('an answer that is none of EC2’s is said to be that', async () => {
    await expect(when({ status: 200, body: '<html/>' }, () => ec2.instance())).rejects.toMatchObject({
      code: 'aws-unreachable',
      message: expect.stringContaining('ec2:DescribeInstances: the answer is not one of AWS: Reservations: '),
      hint: expect.stringContaining('AWS_ENDPOINT_URL'),
    });
    await expect(when({ status: 407, body: '<html/>' }, () => ec2.instance())).rejects.toMatchObject({
      code: 'aws-unreachable',
      message: 'ec2:DescribeInstances: HTTP 407, without an error of AWS',
    });
  });
});
