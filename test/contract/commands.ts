import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CommandInvocation,
  CreateDocumentCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
} from '@aws-sdk/client-ssm';
import { instanceId, type Lab } from './embedded-lab.ts';

export const DOCUMENT = 'mysql-ebs-snapshot-test';

export interface Step {
  readonly name?: string;
  readonly script?: string;
  readonly inputs?: Record<string, unknown>;
  readonly precondition?: Record<string, readonly string[]>;
}

/** Installs a Command document of these steps. */
export async function install(
  lab: Lab,
  steps: readonly Step[],
  parameters?: Record<string, object>,
  name = DOCUMENT,
): Promise<void> {
  const Content = JSON.stringify({
    schemaVersion: '2.2',
    parameters,
    mainSteps: steps.map((step, index) => ({
      action: 'aws:runShellScript',
      name: step.name ?? `step${index + 1}`,
      precondition: step.precondition,
      inputs: { runCommand: step.script?.split('\n'), ...step.inputs },
    })),
  });
  await lab.as('installer').ssm.send(new CreateDocumentCommand({ Name: name, Content, DocumentType: 'Command' }));
}

export async function send(lab: Lab, input: Partial<SendCommandCommandInput> = {}): Promise<string> {
  const targets = input.Targets === undefined ? { InstanceIds: [instanceId(1)] } : {};
  const { Command } = await lab
    .as('operator')
    .ssm.send(new SendCommandCommand({ DocumentName: DOCUMENT, ...targets, ...input }));
  return Command?.CommandId ?? '';
}

/** Polls until nothing of the command is under way. */
export async function ended(lab: Lab, commandId: string): Promise<readonly CommandInvocation[]> {
  const { ssm } = lab.as('operator');
  for (;;) {
    const { Commands = [] } = await ssm.send(new ListCommandsCommand({ CommandId: commandId }));
    if (Commands[0]?.CompletedCount === Commands[0]?.TargetCount) break;
    await sleep(20);
  }
  const { CommandInvocations = [] } = await ssm.send(
    new ListCommandInvocationsCommand({ CommandId: commandId, Details: true }),
  );
  return CommandInvocations;
}

export const runToEnd = async (lab: Lab, input: Partial<SendCommandCommandInput> = {}) =>
  ended(lab, await send(lab, input));
