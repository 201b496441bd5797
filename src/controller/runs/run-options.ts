import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { RunError } from '../../shared/errors.ts';
import { newRunId, RunId } from '../../shared/ids.ts';
import { type DocumentOptions, givenParameters } from '../documents/document-options.ts';
import { documentParameters, type GivenParameter } from '../documents/document-parameters.ts';
import { parseDocumentName, parseShare, parseTagKey } from '../options/parse-values.ts';
import type { Operation } from '../ports.ts';
import { parseScope, parseTarget } from '../targets/scope.ts';
import type { FleetRequest } from './request.ts';
import type { WaveRule } from './waves.ts';

/** The options of `snapshot` and `plan`, as commander hands them over: text, not yet proven. */
export interface FleetOptions extends DocumentOptions {
  readonly documentName: string;
  readonly maxErrors: string;
  readonly timeout: string;
  readonly instanceIds?: readonly string[];
  readonly target?: readonly string[];
  readonly maxConcurrency?: string;
  readonly comment?: string;
  readonly runId?: string;
  readonly resume?: string;
  readonly waveBy?: string;
  readonly prefer?: string;
  readonly until?: string;
}

/** The request of a command line. Throws `usage` or `no-target`, naming the wrong value. */
export function fleetRequest(operation: Operation, options: FleetOptions, documentText: string): FleetRequest {
  const { run, begins } = parseRun(options);
  const given: GivenParameter[] = [
    { name: 'Operation', option: 'the operation', value: operation },
    { name: 'RunId', option: '--run-id', value: run },
    ...givenParameters(options),
  ];
  return {
    operation,
    run,
    scope: parseScope(options.instanceIds ?? [], options.target ?? []),
    documentName: parseDocumentName(options.documentName, '--document-name'),
    parameters: documentParameters(documentText, given),
    comment: parseComment(options.comment ?? `mysql-ebs-snapshot ${operation} ${run}`.slice(0, 100)),
    maxConcurrency:
      options.maxConcurrency === undefined ? undefined : parseShare(options.maxConcurrency, '--max-concurrency', 1),
    maxErrors: parseShare(options.maxErrors, '--max-errors', 0),
    deliverySeconds: parseDelivery(options.timeout),
    begins,
    waves: parseWaves(options),
    until: parseUntil(options.until ?? 'pending'),
  };
}

function parseRun({ runId, resume }: FleetOptions): Pick<FleetRequest, 'run' | 'begins'> {
  if (runId !== undefined && resume !== undefined) {
    throw new RunError('usage', '--run-id and --resume exclude each other', {
      hint: '--run-id names a new run, --resume goes on with one.',
    });
  }
  if (resume !== undefined) return { run: parseRunId(resume, '--resume'), begins: 'resume' };
  if (runId !== undefined) return { run: parseRunId(runId, '--run-id'), begins: 'named' };
  return { run: newRunId(new Date(), randomBytes(3).toString('hex')), begins: 'new' };
}

function parseWaves({ waveBy, prefer }: FleetOptions): WaveRule | undefined {
  if (waveBy !== undefined) {
    return { key: parseTagKey(waveBy, '--wave-by'), prefer: prefer === undefined ? undefined : parseTarget(prefer) };
  }
  if (prefer === undefined) return undefined;
  throw new RunError('usage', '--prefer is given without --wave-by', {
    hint: 'It says who of a cluster comes first: give --wave-by tag:Cluster as well.',
  });
}

function parseUntil(text: string): FleetRequest['until'] {
  if (text === 'pending' || text === 'completed') return text;
  throw new RunError('usage', `'${text}' is not valid for --until (one of pending, completed)`);
}

function parseRunId(text: string, option: string): RunId {
  const parsed = v.safeParse(RunId, text);
  if (parsed.success) return parsed.output;
  throw new RunError('usage', `'${text}' is not valid for ${option}`, {
    hint: 'A run id has at most 64 letters, digits and ._- and begins with a letter or digit.',
  });
}

function parseComment(text: string): string {
  if (text.length <= 100) return text;
  throw new RunError('usage', `--comment has ${text.length} characters`, { hint: 'Systems Manager takes 100.' });
}

function parseDelivery(text: string): number {
  const seconds = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 30 && seconds <= 2_592_000) return seconds;
  throw new RunError('usage', `'${text}' is not valid for --timeout`, { hint: 'Give seconds, 30 to 2592000.' });
}
