import { ApiError } from '../api-error.ts';
import type { ValidDocument } from './document-validation.ts';
import type { SsmWorld } from './ssm-world.ts';

export interface DocumentVersion {
  readonly number: number;
  readonly name: string | undefined;
  readonly content: string;
  readonly format: 'YAML' | 'JSON';
  readonly document: ValidDocument;
  /** SHA-256 of the content, in hex. */
  readonly hash: string;
  readonly createdAt: number;
}

export interface StoredDocument {
  readonly name: string;
  readonly versions: DocumentVersion[];
  defaultVersion: number;
  readonly targetType: string | undefined;
  readonly tags: Map<string, string>;
}

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
