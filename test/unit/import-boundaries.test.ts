import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

/** `a file -> what it may not import` */
const REFUSED = [
  'src/shared/x.ts -> node:fs',
  'src/shared/x.ts -> pino',
  'src/shared/x.ts -> ../agent/ports.ts',
  'src/agent/main.ts -> node:child_process',
  'src/agent/commands/x.ts -> @aws-sdk/client-ec2',
  'src/agent/commands/x.ts -> ../../controller/ports.ts',
  'src/agent/commands/x.ts -> ../../lab/world.ts',
  'src/agent/stories/x.ts -> mysql2/promise',
  'src/agent/stories/x.ts -> ../adapters/clock.ts',
  'src/agent/window/x.ts -> node:fs/promises',
  'src/agent/window/x.ts -> ../stories/snapshot.ts',
  'src/agent/discovery/x.ts -> ../adapters/clock.ts',
  'src/agent/plan/x.ts -> node:os',
  'src/agent/plan/preflight/x.ts -> node:fs',
  'src/agent/plan/preflight/x.ts -> ../../../controller/fleet/scope.ts',
  'src/agent/ports.ts -> ./adapters/clock.ts',
  'src/agent/adapters/x.ts -> ../../lab/world.ts',
  'src/agent/adapters/x.ts -> ../commands/plan.ts',
  'src/controller/main.ts -> node:fs',
  'src/controller/commands/x.ts -> ../../agent/ports.ts',
  'src/controller/fleet/x.ts -> @aws-sdk/client-ssm',
  'src/controller/fleet/x.ts -> ../adapters/clock.ts',
  'src/controller/schedule/x.ts -> ../stories/prune.ts',
  'src/controller/schedule/x.ts -> node:fs',
  'src/controller/stories/x.ts -> ../adapters/clock.ts',
  'src/controller/adapters/x.ts -> ../../lab/world.ts',
  'src/lab/x.ts -> ../agent/ports.ts',
  'src/lab/aws/ec2/x.ts -> ../../../controller/ports.ts',
];

const ALLOWED = [
  'src/shared/x.ts -> valibot',
  'src/shared/x.ts -> ./ids.ts',
  'src/agent/main.ts -> ./commands/dispatch.ts',
  'src/agent/commands/x.ts -> ../adapters/clock.ts',
  'src/agent/stories/x.ts -> ../window/guard.ts',
  'src/agent/window/x.ts -> ./guard.sh',
  'src/agent/discovery/x.ts -> ../ports.ts',
  'src/agent/plan/x.ts -> node:path',
  'src/agent/plan/preflight/x.ts -> ../../discovery/facts.ts',
  'src/agent/adapters/x.ts -> mysql2/promise',
  'src/agent/adapters/x.ts -> node:fs/promises',
  'src/controller/fleet/x.ts -> ../../shared/ids.ts',
  'src/controller/adapters/x.ts -> @aws-sdk/client-ssm',
  'src/lab/ebs/x.ts -> node:child_process',
  'src/lab/x.ts -> ../shared/ids.ts',
];

/** Writes a file for each subject with one import a line, lints them all as this repository is linted, and says which were refused. */
function refusedImports(rules: readonly string[]): string[] {
  const imports = new Map<string, string[]>();
  for (const rule of rules) {
    const [file = '', specifier = ''] = rule.split(' -> ');
    imports.set(file, [...(imports.get(file) ?? []), specifier]);
  }
  for (const [file, specifiers] of imports) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), specifiers.map((specifier) => `import '${specifier}';\n`).join(''));
  }
  const biome = join(ROOT, 'node_modules/.bin/biome');
  const args = ['lint', '--only=style/noRestrictedImports', '--max-diagnostics=none', '--colors=off', '.'];
  const { stderr } = spawnSync(biome, args, { cwd: folder, encoding: 'utf8' });
  const refused = [...stderr.matchAll(/^(\S+):(\d+):\d+ lint\/style\/noRestrictedImports/gm)].map(
    ([, file = '', line]) => `${file} -> ${imports.get(file)?.[Number(line) - 1]}`,
  );
  return [...new Set(refused)].sort();
}

const ROOT = new URL('../../', import.meta.url).pathname;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-boundaries-'));
  for (const file of ['biome.json', '.gitignore']) copyFileSync(join(ROOT, file), join(folder, file));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('refuses what the layout refuses, and nothing else', () => {
  expect(refusedImports([...REFUSED, ...ALLOWED])).toEqual([...REFUSED].sort());
});
