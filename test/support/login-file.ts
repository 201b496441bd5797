import { createCipheriv, randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';

/** As mysql_config_editor writes it: a key, then each line encrypted by that. Returns what the file holds. */
export function writeLoginFile(path: string, text: string, mode = 0o600): Buffer {
  const written = randomBytes(20);
  const key = written.subarray(0, 16).map((byte, at) => byte ^ (written[at + 16] ?? 0));
  const records = text.split(/(?<=\n)/).flatMap((line) => {
    const cipher = createCipheriv('aes-128-ecb', key, null);
    const bytes = Buffer.concat([cipher.update(line), cipher.final()]);
    const length = Buffer.alloc(4);
    length.writeInt32LE(bytes.length);
    return [length, bytes];
  });
  const file = Buffer.concat([Buffer.alloc(4), written, ...records]);
  writeFileSync(path, file);
  chmodSync(path, mode);
  return file;
}
