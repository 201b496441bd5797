import { describe, expect, it } from 'vitest';
import {
  installDocument,
  ourDocument,
  requireOurDocument,
} from '../../../../src/controller/documents/install-document.ts';
import { FakeDocuments, fakeClock } from '../fakes.ts';

const ours = ourDocument('mysql-ebs-snapshot', 'content');
const other = ourDocument('mysql-ebs-snapshot', 'other');
const kept = (version: string, sha256: string) => ({
  version,
  sha256,
  status: 'Active' as const,
  statusText: undefined,
  latest: 1,
});

function documents(...versions: ReturnType<typeof kept>[]): FakeDocuments {
  const fake = new FakeDocuments();
  fake.kept = versions;
  fake.hashOf = (content) => ourDocument('any', content).sha256;
  return fake;
}

describe('documents install', () => {
  it('hashes as Systems Manager does: SHA-256 of the text', () => {
    expect(ours.sha256).toBe('ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73');
  });

  it('creates what is not there, and waits until it is active', async () => {
    const fake = documents();
    const clock = fakeClock();
    expect(await installDocument(ours, fake, clock, false)).toEqual({
      name: ours.name,
      sha256: ours.sha256,
      did: 'created',
      version: '1',
    });
    expect(fake.calls).toEqual(['create']);
    expect(clock.slept).toEqual([1000]);
  });

  it('updates what differs and makes it the default', async () => {
    const fake = documents(kept('1', 'old'));
    expect(await installDocument(ours, fake, fakeClock(), false)).toMatchObject({ did: 'updated', version: '2' });
    expect(fake.calls).toEqual(['update', 'default 2']);
  });

  it('changes nothing where it is installed', async () => {
    const fake = documents(kept('1', ours.sha256));
    expect(await installDocument(ours, fake, fakeClock(), false)).toMatchObject({ did: 'nothing', version: '1' });
    expect(fake.calls).toEqual([]);
  });

  it('makes an older version with our content the default again', async () => {
    const fake = documents(kept('1', ours.sha256), kept('2', other.sha256));
    fake.default = '2';
    expect(await installDocument(ours, fake, fakeClock(), false)).toMatchObject({ did: 'updated', version: '1' });
    expect(fake.calls).toEqual(['update', 'default 1']);
  });

  it.each([
    [documents(), 'would-create', undefined],
    [documents(kept('1', 'old')), 'would-update', '1'],
  ])('changes nothing in a dry run', async (fake, did, version) => {
    expect(await installDocument(ours, fake, fakeClock(), true)).toMatchObject({ did, version });
    expect(fake.calls).toEqual([]);
  });

  it('says so where Systems Manager does not accept it, or does not come to an end', async () => {
    const refusing = documents();
    refusing.comesUp = 'Failed';
    await expect(installDocument(ours, refusing, fakeClock(), false)).rejects.toMatchObject({
      code: 'document-invalid',
    });
    const stuck = documents();
    stuck.comesUp = 'Creating';
    await expect(installDocument(ours, stuck, fakeClock(), false)).rejects.toMatchObject({
      message: "version 1 of 'mysql-ebs-snapshot' is still Creating",
    });
  });
});

describe('the document that a run pins', () => {
  it('is the default version, if it is ours', async () => {
    expect(await requireOurDocument(ours, documents(kept('1', ours.sha256)))).toMatchObject({ version: '1' });
  });

  it.each([
    ['missing', documents(), 'there is no document'],
    ['different', documents(kept('1', other.sha256)), 'is not the one of this program'],
  ])('is refused where it is %s', async (_what, fake, said) => {
    await expect(requireOurDocument(ours, fake)).rejects.toMatchObject({
      code: 'document-invalid',
      message: expect.stringContaining(said),
      hint: expect.stringContaining('documents install'),
    });
  });
});
