import { readFileSync } from 'node:fs';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** The shell programs of the agent are text to those who import them; esbuild's `text` loader in the bundle. */
const shellAsText = {
  name: 'shell-as-text',
  enforce: 'pre',
  load(id: string) {
    return id.endsWith('.sh') ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))};` : undefined;
  },
} as const;

/**
 * One project a tier. In tiers that hold loop devices, mounts or servers `filesAtATime` are few: the files of one share
 * the agent's folder under /run, unless each host has its own there.
 */
const tier = (name: string, timeoutSeconds: number, filesAtATime?: number): TestProjectInlineConfiguration => ({
  plugins: [shellAsText],
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    environment: 'node',
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    testTimeout: timeoutSeconds * 1000,
    hookTimeout: timeoutSeconds * 1000,
    // Tests that say so run at once, all of them.
    maxConcurrency: 50,
    ...(filesAtATime ? { pool: 'forks', maxWorkers: filesAtATime } : {}),
  },
});

export default defineConfig({
  test: {
    projects: [
      tier('unit', 20),
      tier('fixtures', 20),
      tier('contract', 60),
      tier('bundle', 60),
      tier('integration', 300, 1),
      tier('fleet', 300, 1),
      tier('fault', 240, 2),
      tier('vm', 900, 1),
    ],
  },
});
