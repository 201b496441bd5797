import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { RunError } from '../shared/errors.ts';
import { newRunId, RunId } from '../shared/ids.ts';
import { TAG_PREFIX } from '../shared/tags.ts';
import { documentParameters, type GivenParameter } from './fleet/document-parameters.ts';
import type { FleetRequest, Operation } from './fleet/request.ts';
import { parseScope, parseTarget } from './fleet/scope.ts';
import type { WaveRule } from './fleet/waves.ts';

/** The options that every command takes, as commander hands them over. */
export interface GlobalOptions {
  readonly profile?: string;
  readonly region?: string;
  readonly json?: true;
}

/** The options of the agent that are parameters of the document, as commander hands them over. */
export interface DocumentOptions {
  readonly tag?: readonly string[];
  readonly level?: string;
  readonly freeze?: string;
  readonly lockTimeout?: string;
  readonly longQueryThreshold?: string;
  readonly freezeTimeout?: string;
  readonly splay?: string;
  readonly passwordParameter?: string;
  readonly stopReplicaSql?: true;
}

/** The options of `snapshot` and `plan`, as commander hands them over: text, not yet proven. */
export interface FleetOptions extends GlobalOptions, DocumentOptions {
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

/** Under their names there. */
const PARAMETER_OPTIONS = {
  level: ['Level', '--level'],
  freeze: ['Freeze', '--freeze'],
  lockTimeout: ['LockTimeout', '--lock-timeout'],
  longQueryThreshold: ['LongQueryThreshold', '--long-query-threshold'],
  freezeTimeout: ['FreezeTimeout', '--freeze-timeout'],
  splay: ['Splay', '--splay'],
  passwordParameter: ['PasswordParameter', '--password-parameter'],
} as const;

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

/** What the command line says of the document's parameters. Throws `usage`. */
export function givenParameters(options: DocumentOptions): readonly GivenParameter[] {
  const given: GivenParameter[] = [];
  for (const [key, [name, option]] of Object.entries(PARAMETER_OPTIONS)) {
    const value = options[key as keyof typeof PARAMETER_OPTIONS];
    if (value !== undefined) given.push({ name, option, value });
  }
  if (options.stopReplicaSql === true)
    given.push({ name: 'StopReplicaSql', option: '--stop-replica-sql', value: 'yes' });
  if (options.tag !== undefined)
    given.push({ name: 'Tags', option: '--tag', value: options.tag.map(checkTag).join(',') });
  return given;
}

export function parseDocumentName(text: string, option: string): string {
  if (/^[A-Za-z0-9_.-]{3,128}$/.test(text) && !/^(aws|amazon|amzn)/i.test(text)) return text;
  throw new RunError('usage', `'${text}' is not valid for ${option}`, {
    hint: 'A document name has 3 to 128 letters, digits and _.- and does not begin with aws, amazon or amzn.',
  });
}

function parseRunId(text: string, option: string): RunId {
  const parsed = v.safeParse(RunId, text);
  if (parsed.success) return parsed.output;
  throw new RunError('usage', `'${text}' is not valid for ${option}`, {
    hint: 'A run id has at most 64 letters, digits and ._- and begins with a letter or digit.',
  });
}

function checkTag(text: string): string {
  const [key, ...rest] = text.split('=');
  if (key === undefined || key === '' || rest.length === 0 || text.includes(',')) {
    throw new RunError('usage', `'${text}' is not valid for --tag`, {
      hint: 'The form is Key=Value, with no comma; give --tag once for each tag.',
    });
  }
  if (key.startsWith(TAG_PREFIX) || key.toLowerCase().startsWith('aws:') || key === 'Name') {
    throw new RunError('usage', `the tag key '${key}' is reserved`, {
      hint: `Name, and all keys that begin with ${TAG_PREFIX} or aws:, are not yours to give.`,
    });
  }
  return text;
}

function parseComment(text: string): string {
  if (text.length <= 100) return text;
  throw new RunError('usage', `--comment has ${text.length} characters`, { hint: 'Systems Manager takes 100.' });
}

/** A number of hosts or a percentage, as SendCommand has it; `least` is its smallest number. */
export function parseShare(text: string, option: string, least: 0 | 1): string {
  const match = /^(\d{1,7})(%?)$/.exec(text);
  const number = Number(match?.[1]);
  if (match !== null && number >= least && (match[2] === '' || number <= 100)) return text;
  throw new RunError('usage', `'${text}' is not valid for ${option}`, {
    hint: 'Give a number of hosts like 10, or a percentage of them like 10%.',
  });
}

function parseDelivery(text: string): number {
  const seconds = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 30 && seconds <= 2_592_000) return seconds;
  throw new RunError('usage', `'${text}' is not valid for --timeout`, { hint: 'Give seconds, 30 to 2592000.' });
}

const UNITS_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/** Milliseconds of hours, days or weeks. Throws `usage`. */
export function parseDuration(text: string, option: string): number {
  const [, count, unit = ''] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (UNITS_MS[unit] ?? 0);
  throw new RunError('usage', `'${text}' is not valid for ${option}`, {
    hint: 'Give hours, days or weeks, like 36h, 14d or 8w.',
  });
}

/** The key of `tag:Key`. Throws `usage`. */
export function parseTagKey(text: string, option: string): string {
  const key = /^tag:([^=]{1,127})$/.exec(text)?.[1];
  if (key !== undefined) return key;
  throw new RunError('usage', `'${text}' is not valid for ${option}`, {
    hint: 'The form is tag:Key, like tag:Cluster.',
  });
}
