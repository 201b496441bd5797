import { expect, test } from 'vitest';
import { changedSetting, watchedSettings } from '../../../../src/agent/discovery/watched-settings.ts';

test('a redo log that becomes a series of files after the plan is a change at either level', () => {
  const setting = (value: string) => [
    { name: 'innodb_log_archive', value, trace: value === 'ON' ? 'SQL' : 'COMPILE-TIME' },
  ];
  const version = { flavour: 'mariadb', major: 12, minor: 3, patch: 1 } as const;
  expect(watchedSettings(version).sql).toContain("'innodb_log_archive'");
  for (const level of ['application', 'crash'] as const) {
    expect(changedSetting(setting('OFF'), setting('ON'), level)).toBe('innodb_log_archive was OFF and is ON');
    expect(changedSetting(setting('OFF'), setting('OFF'), level)).toBeUndefined();
  }
});
