import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { filesElsewhere } from '../../../../src/lab/soak/files-elsewhere.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-elsewhere-'));
  mkdirSync(join(folder, 'shop'));
  writeFileSync(join(folder, 'shop', 'orders.ibd'), '');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a folder with nothing but its own files has none elsewhere', async () => {
  expect(await filesElsewhere([folder])).toEqual([]);
});

test("InnoDB's links and symbolic links lead elsewhere, in a database's folder as well", async () => {
  writeFileSync(join(folder, 'shop', 'log.isl'), '/volume/shop/log.ibd');
  symlinkSync('/volume/mail', join(folder, 'mail'));
  symlinkSync('../../beside', join(folder, 'shop', 'parts.MYD'));
  expect((await filesElsewhere([folder])).toSorted()).toEqual(
    ['/volume/mail', '/volume/shop/log.ibd', join(folder, '..', 'beside')].toSorted(),
  );
});
