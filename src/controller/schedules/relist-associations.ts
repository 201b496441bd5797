import { toRunError } from '../../shared/errors.ts';
import type { EmitFleet } from '../events.ts';
import type { Association, Associations } from '../ports.ts';

/** A look that fails says nothing of what was made: it must not look like a refusal before the start. */
export async function relistAssociations(
  associations: Associations,
  documentName: string,
  emit: EmitFleet,
): Promise<readonly Association[]> {
  try {
    return await associations.ours(documentName);
  } catch (thrown) {
    emit({ type: 'warned', message: toRunError(thrown).message });
    return [];
  }
}
