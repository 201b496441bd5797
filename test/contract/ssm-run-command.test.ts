// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expansions of the shell, not of JavaScript
import { access, readFile } from 'node:fs/promises';
import {
  CancelCommandCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  waitUntilCommandExecuted,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AddHostOptions } from '../../src/lab/aws/embedded-aws.ts';
import { realTime } from '../../src/lab/aws/lab-time.ts';
import { ssmAgent } from '../../src/lab/ssm-agent/run-document.ts';
import type { LabHost } from '../../src/lab/world.ts';
import { ended, install, runToEnd, send } from './commands.ts';
import { failure, instanceId, type Lab, plainHost, startLab, temporaryFolder } from './embedded-lab.ts';

let lab: Lab;
beforeEach(async () => {
  lab = await startLab({ behaviour: { invocationMisses: 0 } });
  await lab.aws.addHost(plainHost(1));
});
afterEach(() => lab[Symbol.asyncDispose]());

const result = async (commandId: string, PluginName?: string) =>
  lab
    .as('administrator')
    .ssm.send(new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId(1), PluginName }));
const commandState = async (CommandId: string) =>
  (await lab.as('operator').ssm.send(new ListCommandsCommand({ CommandId }))).Commands?.[0];

async function output(script: string) {
  await install(lab, [{ script }]);
  const commandId = await send(lab);
  await ended(lab, commandId);
  return result(commandId);
}

describe('how a script runs', () => {
  test('the environment, umask, stdin and working directory of the genuine agent', async () => {
    const script = [
      'env | cut -d= -f1 | grep -v "^_$" | sort | tr "\\n" " "',
      'echo; echo "$PATH"; umask; pwd',
      'echo "$AWS_SSM_INSTANCE_ID $AWS_SSM_REGION_NAME"',
      'read line || echo no stdin',
    ].join('\n');
    expect((await output(script)).StandardOutputContent).toBe(
      [
        'AWS_SSM_INSTANCE_ID AWS_SSM_REGION_NAME PATH PWD SSM_COMMAND_ID ',
        '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        '0022',
        '/usr/bin',
        `${instanceId(1)} ${lab.aws.region}`,
        'no stdin',
        '',
      ].join('\n'),
    );
  });

  test('the shebang is honoured, without one sh takes it', async () => {
    await install(lab, [
      { name: 'bash', script: '#!/bin/bash\necho "$BASH_VERSION" | cut -c1' },
      { name: 'sh', script: 'echo "[$BASH_VERSION]"' },
    ]);
    const commandId = await send(lab);
    await ended(lab, commandId);
    expect((await result(commandId, 'bash')).StandardOutputContent).toMatch(/^\d\n$/);
    expect((await result(commandId, 'sh')).StandardOutputContent).toBe('[]\n');
    expect(await failure(result(commandId))).toMatchObject({ name: 'InvalidPluginName' });
  });

  test.each([
    [0, 'Success', 'Success'],
    [3, 'Failed', 'Failed'],
    [137, 'TimedOut', 'ExecutionTimedOut'],
    [168, 'Success', 'Success'],
    [169, 'Failed', 'Failed'],
    [194, 'Failed', 'Failed'],
  ])('exit status %d is %s, and the code is kept', async (exit, Status, StatusDetails) => {
    const found = await output(`exit ${exit}`);
    expect(found).toMatchObject({ Status, StatusDetails, ResponseCode: exit });
  });

  test('a failed step does not stop the next one; 168 and 169 do', async () => {
    await install(lab, [{ script: 'exit 3' }, { script: 'exit 168' }, { script: 'echo never' }]);
    const [invocation] = await runToEnd(lab);
    expect(invocation?.CommandPlugins?.map(({ Name, ResponseCode }) => [Name, ResponseCode])).toEqual([
      ['step1', 3],
      ['step2', 168],
    ]);
    expect(invocation?.Status).toBe('Failed');
  });

  test('a step for another platform is skipped', async () => {
    await install(lab, [
      { script: 'echo windows', precondition: { StringEquals: ['platformType', 'Windows'] } },
      { script: 'echo linux', precondition: { StringEquals: ['platformType', 'Linux'] } },
    ]);
    const [invocation] = await runToEnd(lab);
    expect(invocation?.Status).toBe('Success');
    expect(invocation?.CommandPlugins?.map(({ StatusDetails }) => StatusDetails)).toEqual(['Skipped', 'Success']);
  });
});

describe('parameters', () => {
  test('are substituted as they are: nothing quotes them', async () => {
    await install(lab, [{ script: "echo '{{ word }}' {{platformType}}" }], { word: { type: 'String' } });
    const [invocation] = await runToEnd(lab, { Parameters: { word: ["it'; echo \\$$HOME injected; echo '"] } });
    expect(invocation?.CommandPlugins?.[0]?.Output).toBe('it\n$HOME injected\n {{platformType}}\n');
  });

  test('reach the environment with ENV_VAR, untouched by any shell', async () => {
    await install(lab, [{ script: 'printf "%s|%s" "$SSM_safe" "$(test -n "$SSM_plain" || echo unset)"' }], {
      safe: { type: 'String', interpolationType: 'ENV_VAR' },
      plain: { type: 'String', default: 'x' },
    });
    const [invocation] = await runToEnd(lab, { Parameters: { safe: ['a"; $(id) \'b'] } });
    expect(invocation?.CommandPlugins?.[0]?.Output).toBe('a"; $(id) \'b|unset');
  });

  test('a StringList may be the whole of runCommand', async () => {
    await install(lab, [{ inputs: { runCommand: '{{ lines }}' } }], { lines: { type: 'StringList' } });
    const [invocation] = await runToEnd(lab, { Parameters: { lines: ['echo one', 'echo two'] } });
    expect(invocation?.CommandPlugins?.[0]?.Output).toBe('one\ntwo\n');
  });

  test.each([
    ['not in the pattern', { word: ['two words'] }],
    ['not among the allowed values', { word: ['ok'], level: ['none'] }],
    ['too long', { word: ['toolong'] }],
    ['not in the document', { word: ['ok'], wrod: ['x'] }],
    ['missing', {}],
    ['two values for a String', { word: ['a', 'b'] }],
  ])('%s: InvalidParameters, and nothing is sent', async (_what, Parameters) => {
    await install(lab, [{ script: 'true' }], {
      word: { type: 'String', allowedPattern: '^[a-z]*$', maxChars: 5 },
      level: { type: 'String', default: 'crash', allowedValues: ['application', 'crash'] },
    });
    expect(await failure(send(lab, { Parameters }))).toMatchObject({ name: 'InvalidParameters', status: 400 });
    expect((await lab.as('operator').ssm.send(new ListCommandsCommand({}))).Commands).toEqual([]);
  });

  test('a pattern with look-ahead fails on the host, with its default as well', async () => {
    await install(lab, [{ script: 'echo ran' }], {
      word: { type: 'String', default: 'ok', allowedPattern: '^(?!bad).*$' },
    });
    const [invocation] = await runToEnd(lab);
    expect(invocation).toMatchObject({ Status: 'Failed' });
    expect(invocation?.CommandPlugins?.[0]?.Output).not.toContain('ran\n');
  });
});

describe('output', () => {
  test('24,000 bytes of stdout and 8,000 characters of stderr, the head kept', async () => {
    const found = await output('printf "%024000d" 0; echo tail; printf "%09000d" 0 >&2');
    expect(found.StandardOutputContent).toBe('0'.repeat(24_000));
    expect(found.StandardErrorContent).toBe('0'.repeat(8_000));
  });

  test('in lists, 1,238 bytes of stdout survive whole beside any stderr', async () => {
    await install(lab, [{ script: 'printf "%01238d" 7; printf "%05000d" 0 >&2' }]);
    const [invocation] = await runToEnd(lab);
    const text = invocation?.CommandPlugins?.[0]?.Output ?? '';
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2500);
    expect(text.startsWith(`${'7'.padStart(1238, '0')}\n----------ERROR-------\n0`)).toBe(true);
  });
});

/** A process that is gone or a zombie that nobody has reaped. */
async function isDead(pid: string): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'Z';
}

describe('its end', () => {
  test('a timeout kills the whole group, children that nobody waits for included', async () => {
    await install(lab, [{ script: 'sleep 300 & echo $!\ntrap "" TERM\nwait', inputs: { timeoutSeconds: '5' } }]);
    const commandId = await send(lab);
    const [invocation] = await ended(lab, commandId);
    expect(invocation).toMatchObject({ Status: 'TimedOut', StatusDetails: 'ExecutionTimedOut' });
    const { StandardOutputContent: pid = '', ResponseCode } = await result(commandId);
    expect(ResponseCode).toBe(137);
    await expect.poll(() => isDead(pid.trim())).toBe(true);
    expect(await commandState(commandId)).toMatchObject({ ErrorCount: 1, CompletedCount: 1, Status: 'TimedOut' });
  }, 15_000);

  test('a cancel kills it as well, and later steps do not run', async () => {
    await install(lab, [{ script: 'sleep 300' }, { script: 'echo never' }]);
    const commandId = await send(lab);
    await expect.poll(async () => (await result(commandId, 'step1')).Status).toBe('InProgress');
    await lab.as('operator').ssm.send(new CancelCommandCommand({ CommandId: commandId }));
    const [invocation] = await ended(lab, commandId);
    expect(invocation).toMatchObject({ Status: 'Cancelled' });
    expect(invocation?.CommandPlugins).toHaveLength(1);
    expect(await commandState(commandId)).toMatchObject({ Status: 'Cancelled' });
  });

  test('a child in a session of its own survives', async () => {
    await install(lab, [{ script: 'setsid sleep 300 </dev/null >/dev/null 2>&1 & echo $!; sleep 0.2' }]);
    const [invocation] = await runToEnd(lab);
    const pid = Number(invocation?.CommandPlugins?.[0]?.Output?.trim());
    expect(await isDead(String(pid))).toBe(false);
    process.kill(pid, 'SIGKILL');
  });

  test('the step lasts as long as a child holds its output', async () => {
    await install(lab, [{ script: '(sleep 0.5; echo late) &\necho early' }]);
    const [invocation] = await runToEnd(lab);
    expect(invocation?.CommandPlugins?.[0]?.Output).toBe('early\nlate\n');
  });

  test('nothing is left in the orchestration folder', async () => {
    const found = await output('ls "$(dirname "$0")"; dirname "$0"');
    const [file, folder = ''] = (found.StandardOutputContent ?? '').split('\n');
    expect(file).toBe('_script.sh');
    await expect(access(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('other hosts', () => {
  const sendTo = async (changes: Partial<LabHost>, options?: AddHostOptions) => {
    await lab.aws.addHost({ ...plainHost(2), ...changes }, options);
    return send(lab, { InstanceIds: [instanceId(2)] });
  };

  test('a run passes through the prefix that enters the host, and a kill reaches what it started', async () => {
    await using folder = await temporaryFolder();
    const script = 'sleep 300 & echo "$ENTERED $PPID $!" > "$FOLDER/new"; mv "$FOLDER/new" "$FOLDER/said"; wait';
    await install(lab, [{ script }]);
    const commandId = await sendTo({
      enter: ['sh', '-c', 'ENTERED=yes; export ENTERED; "$@"; exit $?', 'sh'],
      environment: { FOLDER: folder.path },
    });
    const said = () => readFile(`${folder.path}/said`, 'utf8').catch(() => '');
    await expect.poll(said).not.toBe('');
    await lab.as('operator').ssm.send(new CancelCommandCommand({ CommandId: commandId }));
    await ended(lab, commandId);
    const [entered, ...pids] = (await said()).trim().split(' ');
    expect(entered).toBe('yes');
    for (const pid of pids) await expect.poll(() => isDead(pid)).toBe(true);
  });

  test('an agent before 3.3.2746.0 leaves the variable unset', async () => {
    await install(lab, [{ script: 'echo "[${SSM_word-unset}]"' }], {
      word: { type: 'String', default: 'x', interpolationType: 'ENV_VAR' },
    });
    await using folder = await temporaryFolder();
    const run = ssmAgent({ orchestrationRoot: folder.path, ignoresEnvVar: true });
    const [invocation] = await ended(lab, await sendTo({}, { run }));
    expect(invocation?.CommandPlugins?.[0]?.Output).toBe('[unset]\n');
  });
});

describe('the service', () => {
  test('GetCommandInvocation misses an invocation at first', async () => {
    lab.aws.behave({ invocationMisses: 1 });
    await install(lab, [{ script: 'true' }]);
    const commandId = await send(lab);
    expect(await failure(result(commandId))).toMatchObject({ name: 'InvocationDoesNotExist' });
    const id = { CommandId: commandId, InstanceId: instanceId(1) };
    const waited = await waitUntilCommandExecuted(
      { client: lab.as('administrator').ssm, maxWaitTime: 10, minDelay: 1, maxDelay: 1 },
      id,
    );
    expect(waited.state).toBe('SUCCESS');
  });

  test.each([
    ['an instance that is not there', 'InvalidInstanceId', { InstanceIds: [instanceId(9)] }],
    ['no instances at all', 'InvalidInstanceId', { InstanceIds: [] }],
    [
      'more than 50',
      'ValidationException',
      { InstanceIds: Array.from({ length: 51 }, (_unused, index) => instanceId(index + 1)) },
    ],
    ['no such document', 'InvalidDocument', { DocumentName: 'mysql-ebs-snapshot-none' }],
    ['no such version', 'InvalidDocumentVersion', { DocumentVersion: '7' }],
    ['another hash', 'InvalidDocument', { DocumentHash: '0'.repeat(64), DocumentHashType: 'Sha256' as const }],
    ['a comment of 101 characters', 'ValidationException', { Comment: 'x'.repeat(101) }],
    ['a delivery timeout below 30 s', 'ValidationException', { TimeoutSeconds: 29 }],
  ])('%s: %s', async (_what, name, input) => {
    await install(lab, [{ script: 'true' }]);
    expect(await failure(send(lab, input))).toMatchObject({ name, status: 400 });
  });

  test('targets by tag; what matches nothing is absent', async () => {
    await lab.aws.addHost(plainHost(2, { tags: { Role: 'db' } }));
    await lab.aws.addHost(plainHost(3, { tags: { Role: 'db' } }));
    await install(lab, [{ script: 'true' }]);
    const found = await runToEnd(lab, { Targets: [{ Key: 'tag:Role', Values: ['db'] }] });
    expect(found.map(({ InstanceId }) => InstanceId)).toEqual([instanceId(2), instanceId(3)]);
    const none = await send(lab, { Targets: [{ Key: 'tag:Role', Values: ['web'] }] });
    expect(await commandState(none)).toMatchObject({
      Status: 'Success',
      StatusDetails: 'NoInstancesInTag',
      TargetCount: 0,
    });
  });

  test('MaxErrors 0: after one failure the rest is terminated', async () => {
    for (const number of [2, 3]) await lab.aws.addHost(plainHost(number));
    await install(lab, [{ script: 'exit 1' }]);
    const InstanceIds = [1, 2, 3].map(instanceId);
    const found = await runToEnd(lab, { InstanceIds, MaxConcurrency: '1', MaxErrors: '0' });
    expect(found.map(({ StatusDetails }) => StatusDetails)).toEqual(['Failed', 'Terminated', 'Terminated']);
    expect(await commandState(found[0]?.CommandId ?? '')).toMatchObject({
      Status: 'Failed',
      ErrorCount: 1,
      CompletedCount: 3,
      TargetCount: 3,
    });
  });

  test('MaxErrors not reached: the command is incomplete', async () => {
    await lab.aws.addHost(plainHost(2));
    await install(lab, [{ script: `test "$AWS_SSM_INSTANCE_ID" = ${instanceId(2)}` }]);
    const [one] = await runToEnd(lab, { InstanceIds: [1, 2].map(instanceId), MaxErrors: '1' });
    expect(await commandState(one?.CommandId ?? '')).toMatchObject({ StatusDetails: 'Incomplete', ErrorCount: 1 });
  });

  test('a host that is offline delays its command until the delivery times out', async () => {
    let clock = Date.now();
    await using late = await startLab({
      behaviour: { offline: [instanceId(1)] },
      time: { ...realTime, now: () => clock },
    });
    await late.aws.addHost(plainHost(1));
    await install(late, [{ script: 'true' }]);
    const commandId = await send(late, { TimeoutSeconds: 30 });
    const { ssm } = late.as('operator');
    const details = async () =>
      (await ssm.send(new ListCommandInvocationsCommand({ CommandId: commandId }))).CommandInvocations?.[0]
        ?.StatusDetails;
    await expect.poll(details).toBe('Delayed');
    clock += 31_000;
    await expect.poll(details).toBe('DeliveryTimedOut');
    const { Commands } = await ssm.send(new ListCommandsCommand({ CommandId: commandId }));
    expect(Commands?.[0]).toMatchObject({ DeliveryTimedOutCount: 1, ErrorCount: 0, CompletedCount: 1 });
  });

  test('lists come in pages, the newest first', async () => {
    await install(lab, [{ script: 'true' }]);
    const sent = [await send(lab), await send(lab), await send(lab)];
    const { ssm } = lab.as('operator');
    const first = await ssm.send(new ListCommandsCommand({ MaxResults: 2 }));
    const second = await ssm.send(new ListCommandsCommand({ MaxResults: 2, NextToken: first.NextToken }));
    const pages = [first, second].map(({ Commands }) => Commands?.map(({ CommandId }) => CommandId));
    expect(pages).toEqual([[sent[2], sent[1]], [sent[0]]]);
    expect(second.NextToken).toBeUndefined();
    expect(await failure(ssm.send(new ListCommandsCommand({ NextToken: 'nonsense' })))).toMatchObject({
      name: 'InvalidNextToken',
    });
    expect(await failure(ssm.send(new ListCommandsCommand({ MaxResults: 51 })))).toMatchObject({
      name: 'ValidationException',
    });
    for (const commandId of sent) await ended(lab, commandId);
  });

  test('throttling is told in its own name', async () => {
    lab.aws.behave({ faults: [{ action: 'ListCommands', kind: 'throttle' }] });
    expect(await failure(lab.as('operator').ssm.send(new ListCommandsCommand({})))).toMatchObject({
      name: 'ThrottlingException',
    });
  });
});
