import { readFileSync } from 'node:fs';
import { messageOf, RunError } from '../shared/errors.ts';

/**
 * The certificate authorities of AWS_CA_BUNDLE (PEM), which then stand in the place of Node's own, as with the AWS CLI;
 * undefined: Node's own. The SDK does not look at the variable. Throws RunError `usage` where the file cannot be read.
 */
export function caBundle(): string | undefined {
  const path = process.env['AWS_CA_BUNDLE'];
  if (!path) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new RunError('usage', `AWS_CA_BUNDLE: ${messageOf(error)}`, {
      hint: 'Name a file of PEM certificates that can be read, or unset the variable.',
    });
  }
}
