import { createPrivateKey, sign } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { signScramble } from '../../../../src/agent/adapters/ed25519-password.ts';

/** What stands before the seed of a private key in PKCS#8. */
const PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

it('signs as Ed25519 does, where the password is as long as a seed', () => {
  const password = fc.string({ unit: 'grapheme-ascii', minLength: 32, maxLength: 32 });
  const scramble = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(password, scramble, (seed, data) => {
      const key = createPrivateKey({ key: Buffer.concat([PREFIX, Buffer.from(seed)]), format: 'der', type: 'pkcs8' });
      // The server ends its scramble with a NUL, which is not signed.
      expect(signScramble(seed, Buffer.concat([data, Buffer.alloc(1)]))).toEqual(sign(null, data, key));
    }),
    { numRuns: 50 },
  );
});
