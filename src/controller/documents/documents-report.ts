import { ERRORS } from '../../shared/errors.ts';
import { jsonLine } from '../../shared/json-line.ts';
import type { DocumentVersion } from '../ports.ts';
import type { Installation, OurDocument } from './install-document.ts';

const SENTENCES: Readonly<Record<Installation['did'], string>> = {
  nothing: 'is already installed',
  created: 'created',
  updated: 'updated',
  'would-create': 'would be created (dry run, nothing changed)',
  'would-update': 'would be updated (dry run, nothing changed)',
};

/** What `documents install` did, for people. */
export const formatInstallation = ({ name, did, version, sha256 }: Installation): string =>
  `${name} ${SENTENCES[did]}\nversion  ${version ?? '-'}\nsha256   ${sha256}\n`;

export const installationJson = ({ name, did, version, sha256 }: Installation): string =>
  jsonLine({ v: 1, outcome: 'done', document: { name, did, version, sha256 } });

const { hint } = ERRORS['document-invalid'];

/** The installed version against ours, for people. `blocker`: why a run refuses it, if it does. */
export function formatComparison(ours: OurDocument, installed: DocumentVersion, blocker: string | undefined): string {
  const isSame = installed.sha256 === ours.sha256;
  return [
    `${ours.name} ${isSame ? 'is the document of this program' : 'is NOT the document of this program'}`,
    `version  ${installed.version} (${installed.status})`,
    `sha256   ${installed.sha256}`,
    ...(isSame ? [] : [`ours     ${ours.sha256}`]),
    ...(isSame && blocker !== undefined ? [blocker] : []),
    ...(blocker === undefined ? [] : [`hint: ${hint}`]),
    '',
  ].join('\n');
}

export function comparisonJson(ours: OurDocument, installed: DocumentVersion, blocker: string | undefined): string {
  const { version, status, sha256 } = installed;
  const ending =
    blocker === undefined
      ? { outcome: 'done' }
      : { outcome: 'refused', code: 'document-invalid', message: blocker, hint };
  return jsonLine({ v: 1, ...ending, document: { name: ours.name, version, status, sha256, ours: ours.sha256 } });
}
