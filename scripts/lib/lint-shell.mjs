/**
 * Runs shellcheck (.shellcheckrc) and shfmt (.editorconfig) on every shell script of the repository; exits with 1 if
 * either reports anything. Scripts are the files with the extension .sh, the files whose first line names sh or bash,
 * and each `runCommand` of a Command document. Files that git ignores are left out.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const SHEBANG = /^#!.*\b(?:ba|da)?sh\b/;

process.chdir(join(import.meta.dirname, '../..'));

// The checkout may belong to another user (a container's mount). New files are linted before they are added to the
// index; a deleted file stays in the list until its deletion is added.
const list = ['-c', `safe.directory=${process.cwd()}`, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
const files = execFileSync('git', list, { encoding: 'utf8' })
  .split('\0')
  .filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isFile());
const scripts = files.filter((path) => path.endsWith('.sh') || SHEBANG.test(readFileSync(path, 'latin1')));
const documents = files.filter((path) => /^ssm-documents\/.*\.ya?ml$/.test(path)).flatMap(scriptsOfDocument);

lint('shellcheck', scripts);
lint('shfmt', ['--diff', ...scripts]);
for (const { path, step, script } of documents) {
  lint('shellcheck', ['-'], script, (report) => report.replaceAll('In - line', `In ${path}, script of ${step}, line`));
  lint('shfmt', ['--diff', '--filename', path, '-'], script);
}
console.log(`linted ${scripts.length} script files and ${documents.length} scripts in Command documents`);

/** The text is linted as it stands: parameters come by environment variable, so it has no placeholders. */
function scriptsOfDocument(path) {
  return parse(readFileSync(path, 'utf8'))
    .mainSteps.filter(({ action }) => action === 'aws:runShellScript')
    .map(({ name, inputs }) => ({ path, step: name, script: `${inputs.runCommand.join('\n').trimEnd()}\n` }));
}

function lint(program, args, input = '', edit = (report) => report) {
  const { error, status, stdout, stderr } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (error?.code === 'ENOENT') {
    console.error(`${program} is not on PATH\nInstall it: apt-get install ${program}`);
    process.exit(1);
  }
  if (error) throw error;
  process.stdout.write(edit(stdout));
  process.stderr.write(stderr);
  if (status !== 0) process.exitCode = 1;
}
