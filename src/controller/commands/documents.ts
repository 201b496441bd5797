import { ERRORS, RunError } from '../../shared/errors.ts';
import { documents } from '../aws/documents.ts';
import {
  type Installation,
  installDocument,
  ourDocument,
  requireDocument,
  whyNotRunnable,
} from '../documents/install-document.ts';
import { type GlobalOptions, parseDocumentName } from '../options/parse-values.ts';
import { readSnapshotDocument } from '../system/documents-folder.ts';
import { type Context, clientsFor, type ExitStatus } from './context.ts';

export interface DocumentsOptions extends GlobalOptions {
  readonly name: string;
  readonly dryRun?: true;
}

const SENTENCES: Readonly<Record<Installation['did'], string>> = {
  nothing: 'is already installed',
  created: 'created',
  updated: 'updated',
  'would-create': 'would be created (dry run, nothing changed)',
  'would-update': 'would be updated (dry run, nothing changed)',
};

const leftInstalling = () =>
  new RunError('outcome-unknown', 'left at once; the document may have been changed', {
    hint: 'See `documents status`; the same command again finishes what is not done.',
  });

/** `documents install` */
export async function documentsInstall(options: DocumentsOptions, context: Context): Promise<ExitStatus> {
  const ours = ourDocument(
    parseDocumentName(options.name, '--name'),
    await readSnapshotDocument(context.documentsFolder),
  );
  if (options.dryRun !== true) context.onForcedExit(leftInstalling());
  using clients = clientsFor(options);
  const installation = await installDocument(ours, documents(clients), context.clock, options.dryRun === true);
  const { name, did, version, sha256 } = installation;
  const text =
    options.json === true
      ? JSON.stringify({ v: 1, outcome: 'done', document: { name, did, version, sha256 } })
      : `${name} ${SENTENCES[did]}\nversion  ${version ?? '-'}\nsha256   ${sha256}`;
  context.stdout.write(`${text}\n`);
  return 0;
}

/** `documents status`: ends with `document-invalid` where a run would refuse the default version. */
export async function documentsStatus(options: DocumentsOptions, context: Context): Promise<ExitStatus> {
  const ours = ourDocument(
    parseDocumentName(options.name, '--name'),
    await readSnapshotDocument(context.documentsFolder),
  );
  using clients = clientsFor(options);
  const installed = await requireDocument(ours, documents(clients));
  const message = whyNotRunnable(ours, installed);
  const { hint, exit } = ERRORS['document-invalid'];
  if (options.json === true) {
    const { version, status, sha256 } = installed;
    const ending =
      message === undefined ? { outcome: 'done' } : { outcome: 'refused', code: 'document-invalid', message, hint };
    context.stdout.write(
      `${JSON.stringify({ v: 1, ...ending, document: { name: ours.name, version, status, sha256, ours: ours.sha256 } })}\n`,
    );
  } else {
    const same = installed.sha256 === ours.sha256;
    context.stdout.write(
      [
        `${ours.name} ${same ? 'is the document of this program' : 'is NOT the document of this program'}`,
        `version  ${installed.version} (${installed.status})`,
        `sha256   ${installed.sha256}`,
        ...(same ? [] : [`ours     ${ours.sha256}`]),
        ...(same && message !== undefined ? [message] : []),
        ...(message === undefined ? [] : [`hint: ${hint}`]),
        '',
      ].join('\n'),
    );
  }
  return message === undefined ? 0 : exit;
}
