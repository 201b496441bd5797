import { createHash } from 'node:crypto';
import { Point } from '@noble/ed25519';

/** The order of the base point. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const SCRAMBLE_BYTES = 32;

/**
 * Answers the scramble of MariaDB's plugin ed25519: its signature by the key that the password gives. It is Ed25519, but
 * that the password, of any length, stands for the seed of 32 bytes; so node:crypto cannot make it.
 */
export function signScramble(password: string, data: Buffer): Buffer {
  const scramble = data.subarray(0, SCRAMBLE_BYTES);
  const secret = sha512(Buffer.from(password));
  const scalar = littleEndian(clamped(secret.subarray(0, 32)));
  const publicKey = Point.BASE.multiply(scalar % ORDER).toBytes();
  const nonce = littleEndian(sha512(secret.subarray(32), scramble)) % ORDER;
  const commitment = Point.BASE.multiply(nonce).toBytes();
  const challenge = littleEndian(sha512(commitment, publicKey, scramble)) % ORDER;
  return Buffer.concat([commitment, bytesOf((nonce + challenge * scalar) % ORDER)]);
}

function sha512(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** As every Ed25519 key: a multiple of eight of a fixed length. */
function clamped(bytes: Buffer): Buffer {
  const scalar = Buffer.from(bytes);
  scalar.writeUInt8(scalar.readUInt8(0) & 0xf8, 0);
  scalar.writeUInt8((scalar.readUInt8(31) & 0x7f) | 0x40, 31);
  return scalar;
}

const littleEndian = (bytes: Buffer): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
const bytesOf = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
