import { ApiError } from '../api-error.ts';
import type { DocumentVersion, SsmWorld, StoredDocument } from './model.ts';

export function findDocument({ documents }: SsmWorld, name: string): StoredDocument {
  const found = documents.get(name.replace(/^arn:aws:ssm:[^:]*:[^:]*:document\//, ''));
  if (found === undefined) throw new ApiError('InvalidDocument', `Document with name ${name} does not exist.`);
  return found;
}

/** A version by its number, `$LATEST` or `$DEFAULT` (which is meant where nothing is said). */
export function findVersion(document: StoredDocument, version: string | undefined): DocumentVersion {
  const number =
    version === undefined || version === '$DEFAULT'
      ? document.defaultVersion
      : version === '$LATEST'
        ? document.versions.length
        : Number(version);
  const found = document.versions[number - 1];
  if (found === undefined)
    throw new ApiError('InvalidDocumentVersion', `The document version ${version} is not valid or does not exist.`);
  return found;
}
