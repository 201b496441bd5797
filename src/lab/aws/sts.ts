import { randomUUID } from 'node:crypto';
import { XMLBuilder } from 'fast-xml-parser';
import type { Account } from './account.ts';
import type { ApiCall } from './api-call.ts';
import { ApiError } from './api-error.ts';
import type { HttpAnswer } from './http-server.ts';

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@' });
const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';
const HEADERS = { 'content-type': 'text/xml' };

/** GetCallerIdentity, which needs no permission; nothing else of STS is implemented. */
export function performSts({ id }: Account, { action, caller }: ApiCall): HttpAnswer {
  if (action !== 'GetCallerIdentity') throw new ApiError('InvalidAction', `Could not find operation ${action}`);
  const answer = {
    GetCallerIdentityResponse: {
      '@xmlns': NAMESPACE,
      GetCallerIdentityResult: { Arn: caller.arn, UserId: caller.userId, Account: id },
      ResponseMetadata: { RequestId: randomUUID() },
    },
  };
  return { status: 200, headers: HEADERS, body: builder.build(answer) };
}

export function refuseSts({ code, message, status }: ApiError): HttpAnswer {
  const answer = {
    ErrorResponse: {
      '@xmlns': NAMESPACE,
      Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
      RequestId: randomUUID(),
    },
  };
  return { status, headers: HEADERS, body: builder.build(answer) };
}
