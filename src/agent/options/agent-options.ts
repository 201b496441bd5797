import { type ParseArgsConfig, parseArgs } from 'node:util';
import * as v from 'valibot';
import { RunError } from '../../shared/errors.ts';
import { RunId } from '../../shared/ids.ts';
import { Level } from '../../shared/result.ts';
import { TAG, TAG_LIMITS, TAG_PREFIX, type Tags } from '../../shared/tags.ts';

export const DEFAULT_LOG_FILE = '/var/log/mysql-ebs-snapshot/mysql-ebs-snapshot.log';

/** The command line, parsed and complete. Times in the units of their names. */
export interface AgentOptions {
  readonly verb: 'snapshot' | 'plan' | 'capture' | 'thaw';
  /** The file that `capture` writes. */
  readonly captureTo: string | undefined;
  /** The capture that `plan` replays. */
  readonly captureFrom: string | undefined;
  readonly json: boolean;
  readonly logFile: string | undefined;
  readonly defaultsFile: string | undefined;
  readonly defaultsGroupSuffix: string;
  readonly socket: string | undefined;
  readonly user: string | undefined;
  readonly passwordParameter: string | undefined;
  readonly level: Level;
  readonly freeze: 'auto' | 'never';
  readonly lockTimeoutSeconds: number;
  readonly lockTries: number;
  readonly longQueryThresholdSeconds: number;
  /** Absent: nothing is killed. */
  readonly killLongQueriesAfterSeconds: number | undefined;
  readonly freezeTimeoutSeconds: number;
  readonly splaySeconds: number;
  readonly stopReplicaSql: boolean;
  readonly runId: RunId;
  readonly tags: Tags;
  readonly description: string | undefined;
}

const OPTIONS = {
  capture: { type: 'string' },
  'defaults-file': { type: 'string' },
  'defaults-group-suffix': { type: 'string' },
  description: { type: 'string' },
  freeze: { type: 'string' },
  'freeze-timeout': { type: 'string' },
  json: { type: 'boolean' },
  'kill-long-queries-after': { type: 'string' },
  level: { type: 'string' },
  'lock-timeout': { type: 'string' },
  'lock-tries': { type: 'string' },
  'log-file': { type: 'string' },
  'long-query-threshold': { type: 'string' },
  'no-log-file': { type: 'boolean' },
  'password-parameter': { type: 'string' },
  'run-id': { type: 'string' },
  socket: { type: 'string' },
  'stop-replica-sql': { type: 'boolean' },
  splay: { type: 'string' },
  tag: { type: 'string', multiple: true },
  user: { type: 'string' },
} as const satisfies ParseArgsConfig['options'];

/** Which options mean anything to which verb; anything else is refused rather than ignored. */
const CONNECTION = ['defaults-file', 'defaults-group-suffix', 'socket', 'user', 'password-parameter'];
const PLANNING = [
  'level',
  'freeze',
  'stop-replica-sql',
  'run-id',
  'tag',
  'description',
  'log-file',
  'no-log-file',
  'json',
];
const WAITING = [
  'lock-timeout',
  'lock-tries',
  'long-query-threshold',
  'kill-long-queries-after',
  'freeze-timeout',
  'splay',
];
const OPTIONS_BY_COMMAND: Readonly<Record<AgentOptions['verb'], readonly string[]>> = {
  snapshot: [...CONNECTION, ...PLANNING, ...WAITING],
  plan: [...CONNECTION, ...PLANNING, ...WAITING, 'capture'],
  capture: [...CONNECTION, 'json'],
  thaw: ['json', 'log-file', 'no-log-file'],
};

/** The run id of a command line that may be wrong everywhere else: its failure is told under that name, too. */
export function runIdIn(argv: readonly string[]): RunId | undefined {
  const { values } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: false });
  const id = v.safeParse(RunId, values['run-id']);
  return id.success ? id.output : undefined;
}

/**
 * Parses the arguments after the program's name. `newRun`: the id of a run that was given none.
 * Throws RunError `usage` naming the wrong value.
 */
export function parseAgentOptions(argv: readonly string[], newRun: RunId): AgentOptions {
  const { values, positionals } = parsed(argv);
  const [verb, ...operands] = positionals;
  if (verb === undefined || !isVerb(verb)) {
    throw new RunError('usage', verb === undefined ? 'no command given' : `unknown command '${verb}'`, {
      hint: 'The commands are snapshot, plan, capture FILE and thaw; see --help.',
    });
  }
  const foreign = Object.keys(values).find((name) => !OPTIONS_BY_COMMAND[verb].includes(name));
  if (foreign !== undefined) throw new RunError('usage', `--${foreign} means nothing to ${verb}`);
  const expected = verb === 'capture' ? 1 : 0;
  if (operands.length !== expected) {
    throw new RunError('usage', verb === 'capture' ? 'capture takes one FILE' : `unexpected argument '${operands[0]}'`);
  }

  const lockTimeoutSeconds = wholeNumber(values, 'lock-timeout', 3, { from: 1, to: 60 });
  const longQueryThresholdSeconds = wholeNumber(values, 'long-query-threshold', lockTimeoutSeconds, {
    from: 1,
    to: lockTimeoutSeconds,
    why: 'may not be above --lock-timeout: what is let through is waited for',
  });
  return {
    verb,
    captureTo: operands[0],
    captureFrom: values.capture,
    json: values.json ?? false,
    logFile: values['no-log-file'] ? undefined : (values['log-file'] ?? DEFAULT_LOG_FILE),
    defaultsFile: values['defaults-file'],
    defaultsGroupSuffix: values['defaults-group-suffix'] ?? '',
    socket: values.socket,
    user: values.user,
    passwordParameter: matching(values, 'password-parameter', /^[A-Za-z0-9_./-]{1,1011}$/, 'a Parameter Store name'),
    level: oneOf(values, 'level', Level.options, 'application'),
    freeze: oneOf(values, 'freeze', ['auto', 'never'], 'auto'),
    lockTimeoutSeconds,
    lockTries: wholeNumber(values, 'lock-tries', 3, { from: 1, to: 100 }),
    longQueryThresholdSeconds,
    killLongQueriesAfterSeconds: wholeNumber(values, 'kill-long-queries-after', undefined, {
      from: longQueryThresholdSeconds,
      to: 3600,
      why: `takes whole seconds from --long-query-threshold (${longQueryThresholdSeconds}) to 3600`,
    }),
    freezeTimeoutSeconds: wholeNumber(values, 'freeze-timeout', 10, { from: 1, to: 60 }),
    stopReplicaSql: values['stop-replica-sql'] ?? false,
    splaySeconds: wholeNumber(values, 'splay', 0, { from: 0, to: 3600 }),
    runId: runId(values['run-id']) ?? newRun,
    tags: Object.fromEntries((values.tag ?? []).map(parseTag)),
    description: values.description,
  };
}

const isVerb = (word: string): word is AgentOptions['verb'] => Object.hasOwn(OPTIONS_BY_COMMAND, word);

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    // Node's message explains itself at length after the first sentence.
    const [sentence = ''] = (error as Error).message.split(/\. |\n/);
    throw new RunError('usage', sentence.replace(/^U/, 'u').replace(/\.$/, ''));
  }
}

type Values = ReturnType<typeof parsed>['values'];
type TextOption = { [K in keyof Values]: Values[K] extends string | undefined ? K : never }[keyof Values] & string;

function wholeNumber<const F extends number | undefined>(
  values: Values,
  name: TextOption,
  fallback: F,
  range: { from: number; to: number; why?: string },
): number | F {
  const text = values[name];
  if (text === undefined) return fallback;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= range.from && number <= range.to) return number;
  const why = range.why ?? `takes a whole number from ${range.from} to ${range.to}`;
  throw new RunError('usage', `--${name} '${text}' ${why}`);
}

function oneOf<const T extends string>(values: Values, name: TextOption, allowed: readonly T[], fallback: T): T {
  const text = values[name];
  if (text === undefined) return fallback;
  const found = allowed.find((each) => each === text);
  if (found === undefined) throw new RunError('usage', `--${name} '${text}' is not one of: ${allowed.join(', ')}`);
  return found;
}

function matching(values: Values, name: TextOption, pattern: RegExp, what: string): string | undefined {
  const text = values[name];
  if (text !== undefined && !pattern.test(text)) throw new RunError('usage', `--${name} '${text}' is not ${what}`);
  return text;
}

function runId(text: string | undefined): RunId | undefined {
  if (text === undefined) return undefined;
  const id = v.safeParse(RunId, text);
  if (!id.success)
    throw new RunError('usage', `--run-id '${text}' is not a run id (letters, digits, '.', '_', '-'; at most 64)`);
  return id.output;
}

function parseTag(text: string): [key: string, value: string] {
  const equals = text.indexOf('=');
  const [key, value] = [text.slice(0, equals), text.slice(equals + 1)];
  if (equals < 1) throw new RunError('usage', `--tag '${text}' is not Key=Value`);
  if (key === TAG.name || key.startsWith(TAG_PREFIX) || /^aws:/i.test(key)) {
    throw new RunError('usage', `--tag '${text}': the key is not yours to set`);
  }
  if (key.length > TAG_LIMITS.key || value.length > TAG_LIMITS.value) {
    throw new RunError(
      'usage',
      `--tag '${key}' is longer than EC2 takes (key ${TAG_LIMITS.key}, value ${TAG_LIMITS.value})`,
    );
  }
  return [key, value];
}
