import { expect, test } from 'vitest';
import { refuseOldBash } from '../../../../src/agent/adapters/prerequisites.ts';

test.each(['5.2.15(1)-release', '4.4.20(1)-release', '10.0'])('bash %s will do', (version) => {
  expect(() => refuseOldBash(`GNU bash, version ${version} (x86_64-pc-linux-gnu)\nmore`)).not.toThrow();
});

test.each(['4.2.46(2)-release', '4.3.0', '3.9'])('bash %s is too old, and named', (version) => {
  expect(() => refuseOldBash(`GNU bash, version ${version} (x86_64-redhat-linux-gnu)`)).toThrow(
    expect.objectContaining({ code: 'host-unfit', message: expect.stringContaining(`version ${version},`) }),
  );
});

test('what is no bash is refused', () => {
  expect(() => refuseOldBash('')).toThrow(expect.objectContaining({ code: 'host-unfit' }));
});
