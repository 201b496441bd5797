import { type OurDocument, ourDocument } from '../documents/install-document.ts';
import { parseDocumentName } from '../options/parse-values.ts';
import { readSnapshotDocument } from '../system/documents-folder.ts';
import type { Context } from './context.ts';

/** The document of this installation under the name that `option` gives. Throws `usage`. */
export const readOurDocument = async (name: string, option: string, context: Context): Promise<OurDocument> =>
  ourDocument(parseDocumentName(name, option), await readSnapshotDocument(context.documentsFolder));
