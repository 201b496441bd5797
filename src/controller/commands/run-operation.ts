import { RunError } from '../../shared/errors.ts';
import { TAG } from '../../shared/tags.ts';
import { openClients } from '../aws/clients.ts';
import { commands } from '../aws/commands.ts';
import { documents } from '../aws/documents.ts';
import { inventory } from '../aws/inventory.ts';
import { snapshots } from '../aws/snapshots.ts';
import { ourDocument } from '../documents/install-document.ts';
import type { FleetEvent } from '../events.ts';
import type { Operation } from '../ports.ts';
import { runFleet } from '../runs/run-fleet.ts';
import { type FleetOptions, fleetRequest } from '../runs/run-options.ts';
import { presentProgress } from '../runs/show/progress.ts';
import { formatEvent, formatReport } from '../runs/show/report-json.ts';
import { formatTable } from '../runs/show/run-report.ts';
import { readSnapshotDocument } from '../system/documents-folder.ts';
import { readIdLists } from '../system/id-lists.ts';
import { styleFor } from '../terminal/style.ts';
import {
  collect,
  DOCUMENT_NAME,
  type GlobalOptions,
  INSTANCES_BY_ID,
  INSTANCES_BY_TAG,
  type Program,
  withDocumentOptions,
} from './common-options.ts';
import type { Context } from './context.ts';

/** A command with the options that `snapshot` and `plan` have in common. */
export const fleetCommand = (program: Program, operation: Operation) =>
  withDocumentOptions(
    program
      .command(operation)
      .option('--instance-ids <ids>', INSTANCES_BY_ID, collect)
      .option('--target <tag:Key=Value>', INSTANCES_BY_TAG, collect)
      .option('--max-concurrency <number|percent>', 'hosts at work at the same time (default: 50)')
      .option('--max-errors <number|percent>', 'stop sending to further hosts after more failures than this', '100%')
      .option('--timeout <seconds>', 'how long a host may take to pick the command up', '600')
      .option('--comment <text>', 'comment in the command history, at most 100 characters')
      .option('--run-id <id>', 'name of the new run (default: made of the time)')
      .option('--document-name <name>', 'the document as it was installed', DOCUMENT_NAME),
  );

/** `snapshot` and `plan`: options -> story -> report. */
export async function runOperation(
  operation: Operation,
  options: FleetOptions & GlobalOptions,
  context: Context,
): Promise<void> {
  const documentText = await readSnapshotDocument(context.documentsFolder);
  const given = { ...options, instanceIds: await readIdLists(options.instanceIds) };
  const request = fleetRequest(operation, given, documentText);
  context.named(request.run);
  if (operation === 'snapshot') context.onForcedExit(leftAtWork(request.run));

  using clients = openClients(options);
  const ports = {
    documents: documents(clients),
    inventory: inventory(clients),
    commands: commands(clients, context.clock),
    snapshots: snapshots(clients),
    clock: context.clock,
  };
  const progress = presentProgress(context.stderr, () => context.clock.now().getTime());
  const emit = (event: FleetEvent) => {
    progress.emit(event);
    if (options.json === true) context.stdout.write(`${formatEvent(event)}\n`);
  };
  try {
    const ours = ourDocument(request.documentName, documentText);
    const report = await runFleet(request, ours, ports, emit, context.cancel, context.stderr.isTTY === true);
    progress.close();
    if (options.json === true) {
      for (const piece of formatReport(report)) context.stdout.write(piece);
      context.stdout.write('\n');
    } else {
      context.stdout.write(formatTable(report, styleFor(context.stdout, context.environment)));
    }
    if (report.ending !== 'done') context.exitWith(report.ending);
  } finally {
    progress.close();
  }
}

/** Nobody has seen what became of the hosts. */
const leftAtWork = (run: string) =>
  new RunError('outcome-unknown', 'left at once; hosts may still be at work', {
    hint: `Go on with --resume ${run}; its sets carry the tag ${TAG.run}=${run}.`,
  });
