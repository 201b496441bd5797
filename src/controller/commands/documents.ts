import { ERRORS, RunError } from '../../shared/errors.ts';
import { openClients } from '../aws/clients.ts';
import { documents } from '../aws/documents.ts';
import { type Installation, installDocument, requireDocument, whyNotRunnable } from '../documents/install-document.ts';
import { type CommandGroup, commandGroup, DOCUMENT_NAME, examples, type Program } from './common-options.ts';
import type { Context } from './context.ts';
import { readOurDocument } from './our-document.ts';

/** `documents install|status` */
export function addDocumentsCommands(program: Program, context: Context): void {
  const group = commandGroup(program, 'documents', 'the Command document in Systems Manager');
  addInstallCommand(group, context);
  addStatusCommand(group, context);
  group.addHelpText('after', examples('documents install', 'documents status'));
}

/** `documents install` */
function addInstallCommand(group: CommandGroup, context: Context): void {
  group
    .command('install')
    .description('create or update the document, and make the new version the default')
    .option('--name <name>', 'name of the document', DOCUMENT_NAME)
    .option('--dry-run', 'only say what would be done')
    .addHelpText('after', examples('documents install --region eu-central-1', 'documents install --dry-run'))
    .action(async (_options, command) => {
      const options = command.optsWithGlobals();
      const ours = await readOurDocument(options.name, '--name', context);
      if (options.dryRun !== true) context.onForcedExit(leftInstalling());
      using clients = openClients(options);
      const installation = await installDocument(ours, documents(clients), context.clock, options.dryRun === true);
      const { name, did, version, sha256 } = installation;
      const text =
        options.json === true
          ? JSON.stringify({ v: 1, outcome: 'done', document: { name, did, version, sha256 } })
          : `${name} ${SENTENCES[did]}\nversion  ${version ?? '-'}\nsha256   ${sha256}`;
      context.stdout.write(`${text}\n`);
    });
}

const SENTENCES: Readonly<Record<Installation['did'], string>> = {
  nothing: 'is already installed',
  created: 'created',
  updated: 'updated',
  'would-create': 'would be created (dry run, nothing changed)',
  'would-update': 'would be updated (dry run, nothing changed)',
};

const leftInstalling = () =>
  new RunError('outcome-unknown', 'left at once; the document may have been changed', {
    hint: 'See `documents status`; the same command again finishes what is not done.',
  });

/** `documents status`: ends with `document-invalid` where a run would refuse the default version. */
function addStatusCommand(group: CommandGroup, context: Context): void {
  group
    .command('status')
    .description('compare the installed document with the one of this program')
    .option('--name <name>', 'name of the document', DOCUMENT_NAME)
    .addHelpText('after', examples('documents status', 'documents status --json'))
    .action(async (_options, command) => {
      const options = command.optsWithGlobals();
      const ours = await readOurDocument(options.name, '--name', context);
      using clients = openClients(options);
      const installed = await requireDocument(ours, documents(clients));
      const message = whyNotRunnable(ours, installed);
      const { hint } = ERRORS['document-invalid'];
      if (options.json === true) {
        const { version, status, sha256 } = installed;
        const ending =
          message === undefined ? { outcome: 'done' } : { outcome: 'refused', code: 'document-invalid', message, hint };
        context.stdout.write(
          `${JSON.stringify({ v: 1, ...ending, document: { name: ours.name, version, status, sha256, ours: ours.sha256 } })}\n`,
        );
      } else {
        const same = installed.sha256 === ours.sha256;
        context.stdout.write(
          [
            `${ours.name} ${same ? 'is the document of this program' : 'is NOT the document of this program'}`,
            `version  ${installed.version} (${installed.status})`,
            `sha256   ${installed.sha256}`,
            ...(same ? [] : [`ours     ${ours.sha256}`]),
            ...(same && message !== undefined ? [message] : []),
            ...(message === undefined ? [] : [`hint: ${hint}`]),
            '',
          ].join('\n'),
        );
      }
      if (message !== undefined) context.exitWith('document-invalid');
    });
}
