/** Bundles the bench of a simulated fleet, and the controller as it is released but for its clock, and runs it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { options, shrink } from './lib/bundle.mjs';

const folder = mkdtempSync(join(tmpdir(), 'bench-fleet-'));
try {
  for (const name of ['bench', 'controller'])
    await build({ ...options(`scripts/bench-fleet/${name}.ts`, shrink), outfile: join(folder, `${name}.cjs`) });
  const { status } = spawnSync(process.execPath, [join(folder, 'bench.cjs'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
