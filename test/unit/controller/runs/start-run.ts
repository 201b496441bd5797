import { ourDocument } from '../../../../src/controller/documents/install-document.ts';
import type { FleetRequest } from '../../../../src/controller/runs/request.ts';
import { runFleet } from '../../../../src/controller/runs/run-fleet.ts';
import { FakeDocuments, type FakeFleet, FakeSnapshots, fakeClock, RUN, recorder } from '../fakes.ts';

export const ours = ourDocument('mysql-ebs-snapshot', 'content');
export const PARAMETERS = { Operation: 'snapshot', RunId: RUN };

export interface StartOptions {
  readonly cancel?: AbortSignal;
  readonly clock?: ReturnType<typeof fakeClock>;
  readonly snapshots?: FakeSnapshots;
}

/** Starts a run over a fake fleet; its document is version 7, and EC2 shows the sets of whoever is done. */
export function startRun(
  fleet: FakeFleet,
  more: Pick<FleetRequest, 'scope'> & Partial<FleetRequest>,
  options: StartOptions = {},
) {
  const documents = new FakeDocuments();
  documents.kept = [{ version: '7', status: 'Active', statusText: undefined, sha256: ours.sha256, latest: 7 }];
  documents.default = '7';
  const request: FleetRequest = {
    ...{ operation: 'snapshot', run: RUN, documentName: ours.name, parameters: PARAMETERS, comment: 'c' },
    ...{ maxConcurrency: undefined, maxErrors: '100%', deliverySeconds: 600 },
    ...{ begins: 'new', waves: undefined, until: 'pending' },
    ...more,
  };
  const { events, emit } = recorder();
  const { snapshots = new FakeSnapshots(() => fleet.sets()), clock = fakeClock() } = options;
  const ports = { documents, inventory: fleet, commands: fleet, snapshots, clock };
  const report = runFleet(request, ours, ports, emit, options.cancel ?? new AbortController().signal);
  return { report, events };
}
