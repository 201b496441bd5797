import * as v from 'valibot';
import { type Behaviour, BehaviourChange } from './behaviour.ts';
import type { RecordedCall } from './call-record.ts';
import type { HttpAnswer, HttpRequest } from './http-server.ts';
import { type LabTime, SteeredTime } from './lab-time.ts';

interface ControlledLab {
  readonly behaviour: Behaviour;
  readonly calls: RecordedCall[];
  readonly time: LabTime;
}

/** At most a year at once: who asks for more has mistaken the unit. */
const Advance = v.strictObject({ ms: v.pipe(v.number(), v.minValue(0), v.maxValue(366 * 86_400_000)) });

/** The lab's own door, below `/_lab/`: what other processes of the lab may ask and set. */
export async function controlLab({ behaviour, calls, time }: ControlledLab, request: HttpRequest): Promise<HttpAnswer> {
  switch (`${request.method} ${request.path}`) {
    case 'GET /_lab/behaviour':
      return json(200, behaviour);
    case 'PUT /_lab/behaviour': {
      const change = v.safeParse(BehaviourChange, parseJson(request.body));
      if (!change.success) return notUnderstood('behaviour', change.issues);
      return json(200, Object.assign(behaviour, change.output));
    }
    case 'GET /_lab/calls':
      return json(200, calls);
    case 'DELETE /_lab/calls':
      calls.length = 0;
      return json(200, calls);
    case 'GET /_lab/time':
      return json(200, { now: time.now() });
    case 'POST /_lab/time/advance': {
      if (!(time instanceof SteeredTime)) return json(409, { message: 'this lab lives in the real time' });
      const asked = v.safeParse(Advance, parseJson(request.body));
      if (!asked.success) return notUnderstood('advance', asked.issues);
      await time.advance(asked.output.ms);
      return json(200, { now: time.now() });
    }
    default:
      return json(404, {
        message: `${request.method} ${request.path} is not there; see the README beside the embedded AWS`,
      });
  }
}

function notUnderstood(what: string, [issue]: [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): HttpAnswer {
  return json(400, { message: `${v.getDotPath(issue) ?? what}: ${issue.message}` });
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
