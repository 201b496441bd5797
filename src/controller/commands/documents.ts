import { RunError } from '../../shared/errors.ts';
import { openClients } from '../aws/clients.ts';
import { documents } from '../aws/documents.ts';
import {
  comparisonJson,
  formatComparison,
  formatInstallation,
  installationJson,
} from '../documents/documents-report.ts';
import { installDocument, requireDocument, whyNotRunnable } from '../documents/install-document.ts';
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
      context.stdout.write(
        options.json === true ? `${installationJson(installation)}\n` : formatInstallation(installation),
      );
    });
}

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
      const blocker = whyNotRunnable(ours, installed);
      context.stdout.write(
        options.json === true
          ? `${comparisonJson(ours, installed, blocker)}\n`
          : formatComparison(ours, installed, blocker),
      );
      if (blocker !== undefined) context.exitWith('document-invalid');
    });
}
