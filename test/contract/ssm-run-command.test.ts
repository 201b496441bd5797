import {
  CreateDocumentCommand,
  GetCommandInvocationCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
  waitUntilCommandExecuted,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { instanceId, type Lab, plainHost, startLab } from './embedded-lab.ts';

let lab: Lab;
beforeEach(async () => {
  lab = await startLab();
  await lab.aws.addHost(plainHost(1));
});
afterEach(() => lab[Symbol.asyncDispose]());

async function install(script: string) {
  const Content = JSON.stringify({
    schemaVersion: '2.2',
    mainSteps: [{ action: 'aws:runShellScript', name: 'run', inputs: { runCommand: script.split('\n') } }],
  });
  await lab
    .as('installer')
    .ssm.send(new CreateDocumentCommand({ Name: 'mysql-ebs-snapshot-test', Content, DocumentType: 'Command' }));
}

async function run(input: Partial<SendCommandCommandInput> = {}) {
  const { ssm } = lab.as('operator');
  const { Command } = await ssm.send(
    new SendCommandCommand({ DocumentName: 'mysql-ebs-snapshot-test', InstanceIds: [instanceId(1)], ...input }),
  );
  const id = { CommandId: Command?.CommandId, InstanceId: instanceId(1) };
  await waitUntilCommandExecuted({ client: ssm, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }, id).catch(() => undefined);
  return ssm.send(new GetCommandInvocationCommand(id));
}

test('a script runs as the agent runs it', async () => {
  await install(
    'echo "$HOME:$USER:$(umask):$AWS_SSM_INSTANCE_ID:$AWS_SSM_REGION_NAME"\necho complaint >&2\nread line || echo no stdin',
  );
  expect(await run()).toMatchObject({
    Status: 'Success',
    ResponseCode: 0,
    StandardOutputContent: `::0022:${instanceId(1)}:${lab.aws.region}\nno stdin\n`,
    StandardErrorContent: 'complaint\n',
  });
});
