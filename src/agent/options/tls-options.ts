import { RunError } from '../../shared/errors.ts';
import { type KnownOption, placeOf, type SaidOption, strongest, unfollowedOfTls } from './said-option.ts';

/** How the server proves itself, and the account to it. */
export interface TlsOptions {
  /** The certificates of those who may have signed the server's. */
  readonly caFile: string;
  /** Whether the certificate has to name the host, too. */
  readonly verifyIdentity: boolean;
  /** What proves the account. */
  readonly account?: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Lowest and highest version. */
  readonly versions?: readonly [TlsVersion, TlsVersion] | undefined;
}

type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/**
 * Any account may listen on a port of 127.0.0.1 while the server is down, and ask for the password in clear. So an option
 * that decides whom the password goes to is followed or refused: throws RunError `usage` or `server-untrusted`.
 */
export function tlsOptions(
  where: string,
  said: readonly SaidOption[],
  options: readonly KnownOption[],
  password: string | undefined,
): TlsOptions | undefined {
  const [unfollowed] = unfollowedOfTls(said);
  if (unfollowed !== undefined) throw refusal(unfollowed, 'is not supported', `Remove it, or ${USE_SOCKET}`);
  const caFile = strongest(options, 'ssl-ca')?.value;
  if (caFile) {
    const [account, versions] = [accountOf(options), versionsOf(options)];
    return { caFile, verifyIdentity: wantsIdentity(options), account, versions };
  }
  if (!password) return undefined;
  throw new RunError('server-untrusted', `${where}: a password is sent over TCP only with TLS and a known CA`, {
    hint: 'Reach the server over its socket (socket = … in [mysql-ebs-snapshot]), or name its CA (ssl-ca = FILE).',
  });
}

function wantsIdentity(options: readonly KnownOption[]): boolean {
  const verify = strongest(options, 'ssl-verify-server-cert');
  const mode = strongest(options, 'ssl-mode');
  if (mode !== undefined && !/^(disabled|preferred|required|verify_ca|verify_identity)$/i.test(mode.value)) {
    throw refusal(mode, 'is not a mode of TLS', 'Write it in full, for example VERIFY_IDENTITY.');
  }
  return (
    /^verify_identity$/i.test(mode?.value ?? '') || (verify !== undefined && !/^(0|off|false)$/i.test(verify.value))
  );
}

function accountOf(options: readonly KnownOption[]): TlsOptions['account'] {
  const [cert, key] = [strongest(options, 'ssl-cert'), strongest(options, 'ssl-key')];
  if (cert?.value && key?.value) return { certFile: cert.value, keyFile: key.value };
  const alone = [cert, key].find((option) => option?.value);
  if (alone === undefined) return undefined;
  throw refusal(alone, 'stands alone', 'Give both ssl-cert and ssl-key.');
}

/** Older versions are never spoken, so that a list with newer ones besides is followed without them. */
function versionsOf(options: readonly KnownOption[]): TlsOptions['versions'] {
  const said = strongest(options, 'tls-version');
  if (!said?.value) return undefined;
  const listed = said.value.split(',').map((each) => each.trim().toLowerCase());
  const spoken = (['TLSv1.2', 'TLSv1.3'] as const).filter((each) => listed.includes(each.toLowerCase()));
  const [lowest, highest] = [spoken.at(0), spoken.at(-1)];
  if (lowest !== undefined && highest !== undefined) return [lowest, highest];
  throw refusal(said, 'names neither TLSv1.2 nor TLSv1.3', 'Add one of them.');
}

const USE_SOCKET = 'reach the server over its socket: socket = … in [mysql-ebs-snapshot].';

const refusal = (option: SaidOption, why: string, hint: string): RunError =>
  new RunError('usage', `${option.name} '${option.value}' over TCP ${why}: ${placeOf(option)}`, { hint });
