/** Bundles the bench of discovery, and runs it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { options, shrink } from './lib/bundle.mjs';

const folder = mkdtempSync(join(tmpdir(), 'bench-discovery-'));
try {
  const outfile = join(folder, 'bench.cjs');
  await build({ ...options('scripts/bench-discovery/bench.ts', shrink), outfile });
  const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
