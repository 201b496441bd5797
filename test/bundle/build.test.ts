import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const SOURCES = ['src', 'scripts', 'iam', 'ssm-documents', 'package.json'];
const made: string[] = [];

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Builds a copy of the sources that lies in a folder of this name. It is no checkout, so the commit is `unknown`. */
function buildIn(name: string): Buffer {
  const parent = mkdtempSync(join(tmpdir(), 'build-'));
  made.push(parent);
  const root = join(parent, name);
  mkdirSync(root);
  for (const part of SOURCES) cpSync(join(ROOT, part), join(root, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  execFileSync(process.execPath, ['scripts/build.mjs', 'agent'], { cwd: root, stdio: 'pipe' });
  return readFileSync(join(root, 'dist/agent.cjs'));
}

it('gives the same bytes wherever the sources lie', () => {
  expect(buildIn('here').equals(buildIn('somewhere-else'))).toBe(true);
});
