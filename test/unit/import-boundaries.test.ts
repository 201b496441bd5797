import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

/** `a file -> what it may not import` */
const REFUSED = [
  'src/shared/x.ts -> node:fs',
  'src/shared/x.ts -> pino',
  'src/shared/x.ts -> ../agent/ports.ts',
  'src/aws/x.ts -> ../agent/ports.ts',
  'src/aws/x.ts -> ../controller/ports.ts',
  'src/aws/x.ts -> node:child_process',
  'src/agent/plan/x.ts -> ../../aws/request-handler.ts',
  'src/controller/runs/x.ts -> ../../aws/request-handler.ts',
  'src/agent/main.ts -> node:child_process',
  'src/agent/ports.ts -> ./adapters/clock.ts',
  'src/agent/ports.ts -> ./plan/appliers.ts',
  'src/agent/commands/x.ts -> @aws-sdk/client-ec2',
  'src/agent/commands/x.ts -> ../../controller/ports.ts',
  'src/agent/commands/x.ts -> ../../lab/world.ts',
  'src/agent/stories/x.ts -> mysql2/promise',
  'src/agent/stories/x.ts -> ../adapters/clock.ts',
  'src/agent/window/x.ts -> node:fs/promises',
  'src/agent/window/x.ts -> ../stories/snapshot.ts',
  'src/agent/report/x.ts -> ../window/guard.ts',
  'src/agent/report/x.ts -> node:os',
  'src/agent/discovery/x.ts -> ../adapters/clock.ts',
  'src/agent/discovery/x.ts -> ../plan/snapshot-plan.ts',
  'src/agent/plan/x.ts -> node:os',
  'src/agent/plan/x.ts -> ../report/plan-text.ts',
  'src/agent/plan/preflight/x.ts -> node:fs',
  'src/agent/plan/preflight/x.ts -> ../../../controller/targets/scope.ts',
  'src/agent/options/x.ts -> ../adapters/clock.ts',
  'src/agent/adapters/x.ts -> ../../lab/world.ts',
  'src/agent/adapters/x.ts -> ../commands/plan.ts',
  'src/agent/adapters/x.ts -> ../window/thaw.ts',
  'src/controller/main.ts -> node:fs',
  'src/controller/ports.ts -> ./targets/scope.ts',
  'src/controller/commands/x.ts -> ../../agent/ports.ts',
  'src/controller/runs/x.ts -> @aws-sdk/client-ssm',
  'src/controller/runs/x.ts -> ../aws/commands.ts',
  'src/controller/runs/x.ts -> ../schedules/schedule.ts',
  'src/controller/schedules/x.ts -> ../retention/prune.ts',
  'src/controller/schedules/x.ts -> node:fs',
  'src/controller/sets/x.ts -> ../freshness/judge-freshness.ts',
  'src/controller/freshness/x.ts -> ../system/clock.ts',
  'src/controller/terminal/x.ts -> ../sets/snapshot-set.ts',
  'src/controller/options/x.ts -> ../runs/run-options.ts',
  'src/controller/system/x.ts -> @aws-sdk/client-ec2',
  'src/controller/aws/x.ts -> ../../lab/world.ts',
  'src/controller/aws/x.ts -> node:fs',
  'src/lab/x.ts -> ../agent/ports.ts',
  'src/lab/aws/ec2/x.ts -> ../../../controller/ports.ts',
  'src/lab/machine/x.ts -> ../hosts/simulated-host.ts',
  'src/lab/hosts/x.ts -> ../standing/standing-lab.ts',
  'src/lab/world.ts -> ./ebs/ebs-on-btrfs.ts',
];

const ALLOWED = [
  'src/shared/x.ts -> valibot',
  'src/shared/x.ts -> ./ids.ts',
  'src/aws/x.ts -> @smithy/node-http-handler',
  'src/aws/x.ts -> ../shared/errors.ts',
  'src/agent/adapters/x.ts -> ../../aws/request-handler.ts',
  'src/controller/aws/x.ts -> ../../aws/request-handler.ts',
  'src/agent/main.ts -> ./commands/dispatch.ts',
  'src/agent/ports.ts -> ./events.ts',
  'src/agent/commands/x.ts -> ../adapters/clock.ts',
  'src/agent/stories/x.ts -> ../window/guard.ts',
  'src/agent/window/x.ts -> ./guard.sh',
  'src/agent/report/x.ts -> ../plan/snapshot-plan.ts',
  'src/agent/discovery/x.ts -> ../ports.ts',
  'src/agent/plan/x.ts -> node:path',
  'src/agent/plan/preflight/x.ts -> ../../discovery/facts.ts',
  'src/agent/adapters/x.ts -> mysql2/promise',
  'src/agent/adapters/x.ts -> node:fs/promises',
  'src/controller/commands/x.ts -> ../aws/commands.ts',
  'src/controller/runs/x.ts -> ../../shared/ids.ts',
  'src/controller/runs/x.ts -> ../sets/snapshot-set.ts',
  'src/controller/schedules/x.ts -> ../documents/document-parameters.ts',
  'src/controller/aws/x.ts -> @aws-sdk/client-ssm',
  'src/controller/system/x.ts -> node:fs/promises',
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

/** What no folder of a wing may import; a folder that may has no boundary. */
const ABOVE_ALL = {
  agent: 'main.ts',
  controller: 'main.ts',
  lab: 'main.ts',
  shared: '../agent/main.ts',
  aws: '../agent/main.ts',
} as const;

it('has a boundary for every folder of src', () => {
  const source = join(ROOT, 'src');
  const folders = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.d)\.ts$/.test(entry.name))
    .map((entry) => relative(source, entry.parentPath));
  const rules = [...new Set(folders)].map((path) => {
    const [wing = '', ...rooms] = path.split('/');
    return `src/${path}/x.ts -> ${['.', ...rooms.map(() => '..')].join('/')}/${ABOVE_ALL[wing as keyof typeof ABOVE_ALL]}`;
  });
  expect(rules.length).toBeGreaterThan(40);
  expect(refusedImports(rules)).toEqual(rules.sort());
});
