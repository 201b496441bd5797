import * as v from 'valibot';
import type { HttpAnswer } from './api-call.ts';
import { type Behaviour, BehaviourChange } from './behaviour.ts';
import type { RecordedCall } from './call-record.ts';
import type { HttpRequest } from './http-server.ts';

/** The lab's own door, below `/_lab/`: what other processes of the lab may ask and set. */
export function controlLab(behaviour: Behaviour, calls: RecordedCall[], request: HttpRequest): HttpAnswer {
  switch (`${request.method} ${request.path}`) {
    case 'GET /_lab/behaviour':
      return json(200, behaviour);
    case 'PUT /_lab/behaviour': {
      const change = v.safeParse(BehaviourChange, parseJson(request.body));
      if (!change.success) {
        const [issue] = change.issues;
        return json(400, { message: `${v.getDotPath(issue) ?? 'behaviour'}: ${issue.message}` });
      }
      return json(200, Object.assign(behaviour, change.output));
    }
    case 'GET /_lab/calls':
      return json(200, calls);
    case 'DELETE /_lab/calls':
      calls.length = 0;
      return json(200, calls);
    default:
      return json(404, {
        message: `${request.method} ${request.path} is not there; see the README beside the embedded AWS`,
      });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const json = (status: number, body: object): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
