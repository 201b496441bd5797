import type { ApiCall } from '../api-call.ts';
import { ApiError } from '../api-error.ts';
import {
  createAssociation,
  deleteAssociation,
  startAssociationsOnce,
  updateAssociation,
} from './association-changes.ts';
import {
  describeAssociation,
  describeAssociationExecutions,
  describeAssociationExecutionTargets,
  listAssociations,
} from './association-reads.ts';
import { cancelCommand, getCommandInvocation, listCommandInvocations, listCommands } from './command-reads.ts';
import { describeInstanceInformation } from './describe-instance-information.ts';
import {
  createDocument,
  describeDocument,
  getDocument,
  updateDocument,
  updateDocumentDefaultVersion,
} from './documents.ts';
import type { SsmWorld } from './model.ts';
import { getParameter } from './parameters.ts';
import { sendCommand } from './send-command.ts';

/** The actions of Systems Manager that the lab implements. */
const ACTIONS: Readonly<Record<string, (world: SsmWorld, call: ApiCall) => Promise<object>>> = {
  CancelCommand: cancelCommand,
  CreateAssociation: createAssociation,
  CreateDocument: createDocument,
  DeleteAssociation: deleteAssociation,
  DescribeAssociation: describeAssociation,
  DescribeAssociationExecutionTargets: describeAssociationExecutionTargets,
  DescribeAssociationExecutions: describeAssociationExecutions,
  DescribeDocument: describeDocument,
  DescribeInstanceInformation: describeInstanceInformation,
  GetCommandInvocation: getCommandInvocation,
  GetDocument: getDocument,
  GetParameter: getParameter,
  ListAssociations: listAssociations,
  ListCommandInvocations: listCommandInvocations,
  ListCommands: listCommands,
  SendCommand: sendCommand,
  StartAssociationsOnce: startAssociationsOnce,
  UpdateAssociation: updateAssociation,
  UpdateDocument: updateDocument,
  UpdateDocumentDefaultVersion: updateDocumentDefaultVersion,
};

export function performSsm(world: SsmWorld, call: ApiCall): Promise<object> {
  const action = ACTIONS[call.action];
  if (action === undefined)
    throw new ApiError('UnknownOperationException', `the lab does not implement ${call.action}`);
  return action(world, call);
}
