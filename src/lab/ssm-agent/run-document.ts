import type { LabHost } from '../world.ts';
import { type CommandDocument, type ParameterValue, readDocument, type Step } from './document.ts';
import { environmentOf, settleParameters, substitute } from './parameters.ts';
import { runScript, type ScriptResult, sweep } from './run-script.ts';

/** A document that the service asks the agent of one host to run. */
export interface DocumentRun {
  readonly commandId: string;
  readonly region: string;
  readonly content: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
}

export type StepStatus = 'Success' | 'Failed' | 'TimedOut' | 'Cancelled' | 'Skipped';

export interface StepResult {
  readonly name: string;
  /** The plugin, like `aws:runShellScript`. */
  readonly plugin: string;
  readonly status: StepStatus;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Runs a document on a host to its end; never rejects because of the document. */
export type RunDocument = (host: LabHost, run: DocumentRun, signal: AbortSignal) => Promise<readonly StepResult[]>;

export interface AgentOptions {
  /** Where scripts are put, within the host; made where it is missing. */
  readonly orchestrationRoot: string;
  /** An agent before 3.3.2746.0: it ignores `interpolationType`. */
  readonly ignoresEnvVar?: boolean;
}

const SKIP_THE_REST_AND_SUCCEED = 168;
const SKIP_THE_REST_AND_FAIL = 169;
const REBOOT = 194;
const DEFAULT_TIMEOUT_SECONDS = 3600;

/** The lab's SSM agent: executes `aws:runShellScript` steps in order, as the genuine agent was seen to do. */
export function ssmAgent(options: AgentOptions): RunDocument {
  return async (host, run, signal) => {
    let document: CommandDocument;
    let values: ReadonlyMap<string, ParameterValue>;
    try {
      document = readDocument(run.content);
      values = settleParameters(document.parameters, run.parameters);
    } catch (error) {
      return [
        failedStep('document', 'aws:runShellScript', `failed to process the document: ${(error as Error).message}`),
      ];
    }
    const folder = `${options.orchestrationRoot}/${host.instanceId}/document/orchestration/${run.commandId}`;
    const environment = {
      ...host.environment,
      AWS_SSM_INSTANCE_ID: host.instanceId,
      AWS_SSM_REGION_NAME: run.region,
      SSM_COMMAND_ID: run.commandId,
      ...(options.ignoresEnvVar === true ? {} : environmentOf(document.parameters, values)),
    };
    const results: StepResult[] = [];
    try {
      for (const step of document.mainSteps) {
        if (signal.aborted || leavesOff(results.at(-1))) break;
        results.push(await runStep(step, { host, folder: `${folder}/${step.name}`, environment, values }, signal));
      }
    } finally {
      await sweep(host.enter, folder);
    }
    return results;
  };
}

interface StepWorld {
  readonly host: LabHost;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly values: ReadonlyMap<string, ParameterValue>;
}

async function runStep(step: Step, world: StepWorld, signal: AbortSignal): Promise<StepResult> {
  const startedAt = Date.now();
  const report = (result: Pick<StepResult, 'status' | 'exitCode' | 'stdout' | 'stderr'>): StepResult => ({
    name: step.name,
    plugin: step.action,
    ...result,
    startedAt,
    endedAt: Date.now(),
  });
  const fail = (stderr: string) => report({ status: 'Failed', exitCode: 1, stdout: '', stderr });

  const unmet = unmetPrecondition(step, world.values);
  if (unmet !== undefined) {
    return report({
      status: 'Skipped',
      exitCode: 0,
      stdout: `Step execution skipped due to unsatisfied preconditions: '${unmet}'.`,
      stderr: '',
    });
  }
  if (step.action !== 'aws:runShellScript') return fail(`the lab's agent does not know the plugin ${step.action}`);
  const inputs = substitute(step.inputs, world.values) as Readonly<Record<string, unknown>>;
  const lines = inputs['runCommand'];
  if (!isTextList(lines))
    return fail(`Invalid format in plugin properties: runCommand of step ${step.name} is not a list`);
  try {
    const result = await runScript(
      {
        enter: world.host.enter,
        folder: world.folder,
        lines,
        workingDirectory:
          typeof inputs['workingDirectory'] === 'string' ? inputs['workingDirectory'] || '/usr/bin' : '/usr/bin',
        environment: world.environment,
        timeoutMs: timeoutSeconds(inputs['timeoutSeconds']) * 1000,
      },
      signal,
    );
    return report(interpret(result));
  } catch (error) {
    return fail(`failed to run commands: ${(error as Error).message}`);
  }
}

/** What an exit status means to the agent; 137 looks like a timeout, whatever it came from. */
function interpret(result: ScriptResult): Pick<StepResult, 'status' | 'exitCode' | 'stdout' | 'stderr'> {
  const { exitCode, stdout, stderr } = result;
  const because = (status: StepStatus, added = '') => ({
    status,
    exitCode,
    stdout,
    stderr: [stderr, added].filter((text) => text !== '').join('\n'),
  });
  if (result.ended === 'cancelled') return because('Cancelled');
  if (result.ended === 'timed-out' || exitCode === 137) return because('TimedOut');
  if (exitCode === 0 || exitCode === SKIP_THE_REST_AND_SUCCEED) return because('Success');
  if (exitCode === REBOOT) return because('Failed', 'exit status 194 reboots the host; the lab does not');
  return because('Failed', `failed to run commands: exit status ${exitCode}`);
}

const leavesOff = (last: StepResult | undefined): boolean =>
  last !== undefined && (last.exitCode === SKIP_THE_REST_AND_SUCCEED || last.exitCode === SKIP_THE_REST_AND_FAIL);

/** `StringEquals` of two texts, one of which may be `platformType`. */
function unmetPrecondition(step: Step, values: ReadonlyMap<string, ParameterValue>): string | undefined {
  for (const [operator, args] of Object.entries(step.precondition)) {
    const [a, b] = args.map((arg) => (arg === 'platformType' ? 'Linux' : substitute(arg, values)));
    if (operator !== 'StringEquals' || args.length !== 2 || a !== b) return `${operator}: [${args.join(', ')}]`;
  }
  return undefined;
}

/** Outside 5 to 172,800, or no number: silently an hour. */
function timeoutSeconds(input: unknown): number {
  const seconds = typeof input === 'string' && input.trim() !== '' ? Number(input) : input;
  if (typeof seconds !== 'number' || !(seconds >= 5 && seconds <= 172_800)) return DEFAULT_TIMEOUT_SECONDS;
  return seconds;
}

const isTextList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((line) => typeof line === 'string');

function failedStep(name: string, plugin: string, stderr: string): StepResult {
  const now = Date.now();
  return { name, plugin, status: 'Failed', exitCode: 1, stdout: '', stderr, startedAt: now, endedAt: now };
}
