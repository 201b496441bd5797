import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError } from '../../shared/errors.ts';

/** The text of the Command document that belongs to this program; `folder` is `ssm-documents` of the installation. */
export async function readSnapshotDocument(folder: string): Promise<string> {
  const path = join(folder, 'snapshot.yaml');
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new RunError('document-invalid', `the installation is incomplete: ${path} cannot be read`, {
      cause,
      hint: 'Install mysql-ebs-snapshot again.',
    });
  }
}
