import { createDecipheriv } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, RunError } from '../../shared/errors.ts';
import { OptionFileError, parseOptionFile } from '../options/option-file.ts';
import type { ReadOptions } from './option-files.ts';

/** Four unused bytes, then the key. */
const KEY = { from: 4, to: 24 };
const LENGTH_BYTES = 4;
const OTHERS_OR_EXECUTE = 0o177;

/**
 * Reads what mysql_config_editor has written: MySQL's programs read it behind all option files, with --defaults-file as
 * well, and MariaDB's never. One that others may read is skipped, as by them. Throws RunError `usage` naming the file.
 */
export function readLoginFile(groups: readonly string[], environment: NodeJS.ProcessEnv): ReadOptions {
  const { MYSQL_TEST_LOGIN_FILE: named, HOME: home } = environment;
  const path = named ?? (home ? join(home, '.mylogin.cnf') : '');
  if (path === '' || !existsSync(path)) return { options: [], warnings: [] };
  if ((statSync(path).mode & OTHERS_OR_EXECUTE) !== 0) {
    return { options: [], warnings: [`${path} may be read or written by other accounts: skipped`] };
  }
  const options = parsed(path).flatMap((part) => {
    if (part.kind !== 'option' || !groups.includes(part.group)) return [];
    const { line, kind: _option, ...said } = part;
    return [{ ...said, where: `${path}, line ${line}` }];
  });
  return { options, warnings: [] };
}

/** What of the content is in a message would be a secret: only the number of the line is. */
function parsed(path: string) {
  try {
    return parseOptionFile(decrypt(readFileSync(path)));
  } catch (error) {
    const why = error instanceof OptionFileError ? `line ${error.line} ${error.message}` : messageOf(error);
    throw new RunError('usage', `login file ${path}: ${why}`, {
      hint: 'Write it anew with mysql_config_editor, or remove it.',
    });
  }
}

/** Each record is the length of a line's cipher text, little-endian, and that: AES-128-ECB by the key folded by XOR. */
function decrypt(bytes: Buffer): string {
  if (bytes.length === 0) return '';
  const key = Buffer.alloc(16);
  bytes.subarray(KEY.from, KEY.to).forEach((byte, at) => {
    key.writeUInt8(key.readUInt8(at % key.length) ^ byte, at % key.length);
  });
  const lines: Buffer[] = [];
  let at = KEY.to;
  if (bytes.length < at) throw new Error('it is cut short');
  while (at < bytes.length) {
    const from = at + LENGTH_BYTES;
    if (from > bytes.length) throw new Error('it is cut short');
    at = from + bytes.readUInt32LE(from - LENGTH_BYTES);
    if (at > bytes.length) throw new Error('it is cut short');
    const decipher = createDecipheriv('aes-128-ecb', key, null);
    lines.push(decipher.update(bytes.subarray(from, at)), decipher.final());
  }
  return Buffer.concat(lines).toString('utf8');
}
