/**
 * Counts what scripts/test has left in its folder, names what failed or was left out, and prints the closing line.
 * `<name>.check` holds one word (passed, failed, skipped), `<tier>.json` is vitest's report, and `<tier>.exit` is
 * there where vitest ended with a failure.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, parse } from 'node:path';

const folder = process.argv[2];
const files = readdirSync(folder).sort().map(parse);
const read = ({ base }) => readFileSync(join(folder, base), 'utf8').trim();

const checks = files.filter(({ ext }) => ext === '.check').map((file) => ({ name: file.name, outcome: read(file) }));
const tests = files.filter(({ ext }) => ext === '.json').flatMap((file) => testsOf(file.name, JSON.parse(read(file))));

/** A tier may fail with no failed test: an error outside any test, or a crash of the runner. */
const crashes = files
  .filter(({ ext, name }) => ext === '.exit' && !tests.some((test) => test.tier === name && test.outcome === 'failed'))
  .map(({ name }) => ({ name: `${name}: the test runner ended with a failure`, outcome: 'failed' }));

const all = [...checks, ...tests, ...crashes];
const named = (outcome) => all.filter((one) => one.outcome === outcome).map(({ name }) => name);
const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map(named);
const strict = process.env.CI === 'true';

for (const name of failed) console.log(`failed: ${name}`);
for (const name of skipped) console.log(`left out${strict ? ' (with CI=true a failure)' : ''}: ${name}`);
console.log(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
process.exitCode = failed.length > 0 || passed.length === 0 || (strict && skipped.length > 0) ? 1 : 0;

function testsOf(tier, { testResults }) {
  return testResults.flatMap(({ name: file, status, assertionResults }) => {
    const results = assertionResults.map((test) => ({
      tier,
      name: `${tier}: ${test.fullName}`,
      outcome: test.status === 'passed' || test.status === 'failed' ? test.status : 'skipped',
    }));
    const broken = status === 'failed' && !results.some(({ outcome }) => outcome === 'failed');
    return broken ? [...results, { tier, name: `${tier}: ${file} could not be run`, outcome: 'failed' }] : results;
  });
}
