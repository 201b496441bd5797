import { createHash } from 'node:crypto';
import { RunError } from '../../shared/errors.ts';
import { poll } from '../../shared/poll.ts';
import type { Clock, Documents, DocumentVersion } from '../ports.ts';

/** A Command document of ours: the name it is installed under and the text that is installed. */
export interface OurDocument {
  readonly name: string;
  readonly content: string;
  readonly sha256: string;
}

export const ourDocument = (name: string, content: string): OurDocument => ({
  name,
  content,
  sha256: createHash('sha256').update(content).digest('hex'),
});

export interface Installation {
  readonly name: string;
  readonly sha256: string;
  /** `would-…` with a dry run: nothing has been changed. */
  readonly did: 'nothing' | 'created' | 'updated' | 'would-create' | 'would-update';
  /** The default version afterwards; with a dry run the one that is there. */
  readonly version: string | undefined;
}

/** How long Systems Manager may take to make a version usable. */
const ACTIVE_WITHIN_MS = 60_000;
const ASK_EVERY_MS = 1_000;

/** Creates or updates the document, waits until the version is active, and makes it the default. Idempotent. */
export async function installDocument(
  ours: OurDocument,
  documents: Documents,
  clock: Clock,
  dryRun: boolean,
): Promise<Installation> {
  const { name, sha256, content } = ours;
  const installed = await documents.describe(name);
  if (installed?.sha256 === sha256 && installed.status === 'Active') {
    return { name, sha256, did: 'nothing', version: installed.version };
  }
  if (dryRun) {
    const did = installed === undefined ? 'would-create' : 'would-update';
    return { name, sha256, did, version: installed?.version };
  }
  if (installed === undefined) {
    const version = await documents.create(name, content);
    await untilActive(ours, version, documents, clock);
    return { name, sha256, did: 'created', version };
  }
  const version =
    (await documents.update(name, content)) ?? (await versionWithOurContent(ours, installed.latest, documents));
  await untilActive(ours, version, documents, clock);
  await documents.makeDefault(name, version);
  return { name, sha256, did: 'updated', version };
}

/**
 * The version that a run pins: the default one, if it is what this program would install.
 * Throws `document-invalid`.
 */
export async function requireOurDocument(ours: OurDocument, documents: Documents): Promise<DocumentVersion> {
  const installed = await requireDocument(ours, documents);
  const wrong = whyNotRunnable(ours, installed);
  if (wrong !== undefined) throw new RunError('document-invalid', wrong);
  return installed;
}

/** The default version, whatever it is. Throws `document-invalid` where there is none. */
export async function requireDocument(ours: OurDocument, documents: Documents): Promise<DocumentVersion> {
  const installed = await documents.describe(ours.name);
  if (installed === undefined) throw new RunError('document-invalid', `there is no document '${ours.name}'`);
  return installed;
}

/** Why a run refuses this version; `undefined` where it would take it. */
export function whyNotRunnable(ours: OurDocument, installed: DocumentVersion): string | undefined {
  const { version, sha256, status, statusText } = installed;
  if (sha256 !== ours.sha256) {
    return `the document '${ours.name}' (version ${version}) is not the one of this program: sha256 ${sha256}, ours ${ours.sha256}`;
  }
  if (status === 'Active') return undefined;
  const said = statusText === undefined || statusText === '' ? '' : `: ${statusText}`;
  return `the document '${ours.name}' is ${status}, not Active${said}`;
}

async function untilActive(ours: OurDocument, version: string, documents: Documents, clock: Clock): Promise<void> {
  const deadline = clock.now().getTime() + ACTIVE_WITHIN_MS;
  await poll(clock, { firstMs: ASK_EVERY_MS }, async () => {
    const state = await documents.describe(ours.name, version);
    if (state?.status === 'Active') return true;
    if (state?.status === 'Failed') {
      const said = state.statusText ?? 'no reason given';
      throw new RunError('document-invalid', `Systems Manager does not accept the document '${ours.name}': ${said}`);
    }
    if (clock.now().getTime() < deadline) return undefined;
    const status = state?.status ?? 'not there';
    throw new RunError('document-invalid', `version ${version} of '${ours.name}' is still ${status}`, {
      hint: 'Run `mysql-ebs-snapshot documents install` again in a minute.',
    });
  });
}

/** Systems Manager refuses a second version with the same content: then the one that is there is ours. */
async function versionWithOurContent(ours: OurDocument, latest: number, documents: Documents): Promise<string> {
  for (let version = latest; version > 0; version--) {
    const described = await documents.describe(ours.name, String(version));
    if (described?.sha256 === ours.sha256) return described.version;
  }
  throw new RunError(
    'document-invalid',
    `Systems Manager says that '${ours.name}' has this content already, but no version of it has our hash`,
    { hint: 'Install under another name with --name, or delete the document first.' },
  );
}
