import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../src/agent/events.ts';
import type { PlanWarning } from '../../../src/agent/plan/snapshot-plan.ts';
import { decodeResult } from '../../../src/shared/result.ts';
import { WARNINGS } from '../../../src/shared/warnings.ts';

const AGENT = new URL('../../../src/agent/', import.meta.url);
const agentSources = readdirSync(AGENT, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(new URL(name, AGENT), 'utf8'))
  .join('\n');

describe('the table of warnings', () => {
  it('is the only source of codes: a code that it does not list does not compile', () => {
    const unlisted = 'not-frosen';
    // @ts-expect-error not a code of the table
    const event: Event = { type: 'warned', code: unlisted, message: '' };
    // @ts-expect-error not a code of the table
    const warning: PlanWarning = { code: unlisted, message: '' };
    expect([event, warning]).toEqual([expect.objectContaining({ code: unlisted }), { code: unlisted, message: '' }]);
    expect(Object.keys(WARNINGS)).not.toContain(unlisted);
  });

  it.each(Object.entries(WARNINGS))(
    '%s is one that the agent gives, and says what to do',
    (code, { meaning, hint }) => {
      expect(agentSources).toMatch(new RegExp(`(?:warning\\(|type: 'warned', code:)\\s*'${code}'`));
      expect(meaning).toMatch(/^\S.*[^.]$/);
      expect(hint).toMatch(/^\S.*\.$/);
    },
  );

  it('does not bind a reader of results: another version may give other codes', () => {
    const line = JSON.stringify({ v: 1, run: 'r', outcome: 'done', warnings: ['of-a-later-version'] });
    expect(decodeResult(line)?.warnings).toEqual(['of-a-later-version']);
  });
});
