/**
 * `node scripts/build.mjs [agent|controller|lab …]`
 *
 * Bundles each program into one file that needs nothing but Node: dist/agent.cjs, dist/controller.cjs, dist/lab.cjs.
 *
 * The agent is built in two stages that travel in one file. Its `main.ts` answers --version and --help by itself
 * and reaches everything else through ONE `await import('./….ts')`. What stands behind that import is bundled on
 * its own first, tree-shaken as a whole, and embedded as a CommonJS module: Node reads over it and evaluates it
 * only when it is imported. (A plain `import()` inside one bundle makes esbuild keep every schema of every AWS
 * service: over a megabyte more, and twice the start-up time.)
 *
 * What both stages import of src/shared exists once, so `instanceof RunError` holds on either side; of any other
 * module that both import there are two.
 */
import { existsSync } from 'node:fs';
import { chmod, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { build } from 'esbuild';
import { options, ROOT, shrink } from './lib/bundle.mjs';

const AGENT_LIMIT_BYTES = 1_600_000;

/** Leaves src/shared to the stage that embeds this one: the bundle resolves the absolute path and keeps no trace of it. */
const sharedWithFirstStage = {
  name: 'shared-with-first-stage',
  setup({ onResolve }) {
    onResolve({ filter: /[\\/]shared[\\/][\w-]+\.ts$/ }, ({ path, resolveDir }) => {
      const target = resolve(resolveDir, path);
      return dirname(target) === resolve(ROOT, 'src/shared') ? { path: target, external: true } : undefined;
    });
  },
};

/** Bundles the one module that main.ts imports dynamically by itself and embeds it as a lazy CommonJS module. */
const secondStage = {
  name: 'second-stage',
  setup({ onResolve, onLoad }) {
    let found;
    onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined;
      const target = resolve(resolveDir, path);
      if (found !== undefined && found !== target) {
        return { errors: [{ text: `main.ts may import one module dynamically, not both ${found} and ${target}` }] };
      }
      found = target;
      return { path: target, namespace: 'second-stage' };
    });
    onLoad({ filter: /./, namespace: 'second-stage' }, async ({ path }) => {
      try {
        const { outputFiles } = await build({
          ...options(path, [...shrink, sharedWithFirstStage]),
          write: false,
          logLevel: 'silent',
        });
        return { contents: outputFiles[0].text, loader: 'js', resolveDir: dirname(path) };
      } catch ({ errors }) {
        return { errors };
      }
    });
  },
};

const PROGRAMS = [
  { name: 'agent', plugins: [secondStage], limitBytes: AGENT_LIMIT_BYTES },
  { name: 'controller', plugins: shrink, limitBytes: Number.POSITIVE_INFINITY },
  { name: 'lab', plugins: shrink, limitBytes: Number.POSITIVE_INFINITY },
];

const asked = process.argv.slice(2);
for (const program of PROGRAMS.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
  if (existsSync(resolve(ROOT, `src/${program.name}/main.ts`))) await bundle(program);
}

async function bundle({ name, plugins, limitBytes }) {
  const file = `dist/${name}.cjs`;
  const path = resolve(ROOT, file);
  try {
    await build({
      ...options(`src/${name}/main.ts`, plugins),
      outfile: path,
      banner: { js: '#!/usr/bin/env node' },
    });
  } catch {
    process.exitCode = 1; // esbuild has said why
    return;
  }
  await chmod(path, 0o755);
  const { size } = await stat(path);
  console.log(`${file}  ${size.toLocaleString('en')} bytes`);
  if (size > limitBytes) {
    console.error(`${file} is over its limit of ${limitBytes.toLocaleString('en')} bytes`);
    process.exitCode = 1;
  }
}
