import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { messageOf, RunError } from '../../shared/errors.ts';
import type { TlsOptions } from '../options/tls-options.ts';

/**
 * For the driver; a certificate of another authority ends the connection before the account is named. Throws
 * RunError `usage` for files that are none, and `server-untrusted` where any authority of a bundle would be believed
 * whatever host it names: a certificate for another host would be enough to ask for the password.
 */
export function sslOptions({ caFile, verifyIdentity, account, versions }: TlsOptions) {
  const ca = readAs('ssl-ca', caFile);
  const authorities = taken('ssl-ca', () => authoritiesOf(ca));
  if (authorities > 1 && !verifyIdentity) {
    throw new RunError('server-untrusted', `ssl-ca ${caFile}: ${authorities} authorities, and no host is asked for`, {
      hint: "Add ssl-mode = VERIFY_IDENTITY, or name a file with the CA of the server's certificate alone.",
    });
  }
  const proof = account && { cert: readAs('ssl-cert', account.certFile), key: readAs('ssl-key', account.keyFile) };
  if (proof !== undefined) taken('ssl-cert and ssl-key', () => createSecureContext(proof));
  const range = versions && { minVersion: versions[0], maxVersion: versions[1] };
  return { ca, rejectUnauthorized: true, verifyIdentity, ...proof, ...range };
}

/** Those that sign themselves: what they have signed besides is of the same authority. */
function authoritiesOf(pem: string): number {
  const blocks = pem.match(
    /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----.*?-----END (TRUSTED |X509 )?CERTIFICATE-----/gs,
  );
  const certificates = (blocks ?? []).map((each) => new X509Certificate(each));
  return new Set(certificates.filter((each) => each.subject === each.issuer).map((each) => each.fingerprint256)).size;
}

const readAs = (name: string, file: string): string => taken(name, () => readFileSync(file, 'utf8'));

function taken<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new RunError('usage', `${name} in the option file: ${messageOf(error)}`, { cause: error });
  }
}
