import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { createEbs, type EbsOnBtrfs } from '../../../src/lab/ebs/ebs-on-btrfs.ts';
import { type LabFolder, type LabRoot, makeLabFolder, openRoot } from '../../../src/lab/machine/lab-folder.ts';
import { labShell, type Shell } from '../../../src/lab/machine/shell.ts';
import { sweepAll } from '../../../src/lab/machine/sweep.ts';

/** A lab without AWS, under a root of its own; swept at the end, whatever happened. */
export interface LabForTest extends AsyncDisposable {
  readonly root: LabRoot;
  readonly lab: LabFolder;
  readonly shell: Shell;
  readonly ebs: EbsOnBtrfs;
}

export async function labForTest(): Promise<LabForTest> {
  const made = await mkdtemp('/var/lib/mysql-ebs-snapshot-lab-test-');
  await chmod(made, 0o755);
  const root = await openRoot(made);
  const lab = await makeLabFolder(root);
  const shell = labShell(lab.id, new AbortController().signal);
  const ebs = await createEbs(shell, lab);
  return {
    root,
    lab,
    shell,
    ebs,
    async [Symbol.asyncDispose]() {
      await sweepAll(root);
      await rm(root, { recursive: true });
    },
  };
}

/** The write load's process as a bundle of its own. */
export async function bundleLoad(folder: string): Promise<string> {
  const outfile = join(folder, 'load.cjs');
  await build({
    stdin: {
      contents: "import { runLoadProcess } from './load-process.ts'; void runLoadProcess();",
      resolveDir: join(import.meta.dirname, '../../../src/lab/load'),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    outfile,
    logLevel: 'error',
  });
  return outfile;
}
