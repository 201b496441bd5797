import { expect, test } from 'vitest';
import { atLeast, newestTried, parseVersion, refuseTooOld } from '../../../../src/agent/discovery/server-version.ts';

const numbers = (version: string) => {
  const { major, minor, patch } = parseVersion(version, '');
  return [major, minor, patch];
};

test.each([
  ['26.7.0', [26, 7, 0]],
  ['26.7', [26, 7, 0]],
  ['26.10.1-commercial', [26, 10, 1]],
  ['28.4-log', [28, 4, 0]],
  ['5.5.5-10.11.19-MariaDB', [10, 11, 19]],
])('%s', (version, expected) => {
  expect(numbers(version)).toEqual(expected);
});

test("MySQL's calendar versions are later than 9.7, and later than each other month by month", () => {
  const [july, october, nine] = ['26.7.0', '26.10.0', '9.7.4'].map((version) => parseVersion(version, ''));
  expect(july && atLeast(july, 9, 7) && !atLeast(july, 26, 10)).toBe(true);
  expect(october && atLeast(october, 26, 7)).toBe(true);
  expect(july && newestTried(july)).toBe('9.7');
  expect(nine && newestTried(nine)).toBeUndefined();
});

test.each([
  ['5.6.51-log', '', '5.7'],
  ['5.5.68-MariaDB', '', '10.3'],
  ['10.2.44-MariaDB', '', '10.3'],
  ['5.6.51-91.0', 'Percona Server (GPL), Release 91.0', '5.7'],
])('%s is refused by name', (version, comment, oldest) => {
  const tooOld = () => refuseTooOld(parseVersion(version, comment));
  expect(tooOld).toThrow(expect.objectContaining({ code: 'server-unsupported' }));
  expect(tooOld).toThrow(`${oldest} or later`);
});

test.each(['5.7.44', '8.0.36', '10.3.39-MariaDB', '11.8.9-MariaDB'])('%s is not, and no news', (version) => {
  const parsed = parseVersion(version, '');
  expect(() => refuseTooOld(parsed)).not.toThrow();
  expect(newestTried(parsed)).toBeUndefined();
});
