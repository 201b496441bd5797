import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName } from './account.ts';
import type { ApiCall } from './api-call.ts';
import { ApiError } from './api-error.ts';
import { type Behaviour, type Fault, THROTTLED, takeFault } from './behaviour.ts';
import type { CallHook } from './call-hook.ts';
import type { RecordedCall } from './call-record.ts';
import { performEc2 } from './ec2/ec2-service.ts';
import type { Ec2World } from './ec2/ec2-world.ts';
import { answerXml, readParameters, refuseXml } from './ec2/query-protocol.ts';
import type { HttpAnswer, HttpRequest } from './http-server.ts';
import { authenticate } from './iam/authenticate.ts';
import type { Principals } from './iam/principals.ts';
import { readSignature } from './iam/sigv4.ts';
import type { RateLimiter } from './rates.ts';
import { answerJson, refuseJson } from './ssm/json-protocol.ts';
import type { SsmWorld } from './ssm/model.ts';
import { performSsm } from './ssm/ssm-service.ts';
import { performSts, refuseSts } from './sts.ts';

export interface Services {
  readonly ec2: Ec2World;
  readonly ssm: SsmWorld;
  readonly principals: Principals;
  readonly behaviour: Behaviour;
  readonly limiter: RateLimiter;
  readonly calls: RecordedCall[];
  readonly callHook: CallHook;
  readonly now: () => number;
}

/** One API request from its bytes to its answer: who signed it, what strikes it, what it does. */
export async function dispatch(services: Services, request: HttpRequest): Promise<HttpAnswer | 'drop'> {
  const signature = readSignature(request.headers['authorization']);
  const service = serviceOf(request, signature?.scope[2]);
  const decoded = decode(service, request);
  if (decoded instanceof ApiError) return REFUSE[service](decoded);
  const { action, parameters } = decoded;
  const startedAt = services.now();
  const record: RecordedCall = {
    at: new Date(startedAt).toISOString(),
    service,
    action,
    principal: 'anonymous',
    parameters,
  };
  services.calls.push(record);
  const end = (outcome: string) => Object.assign(record, { outcome, ms: services.now() - startedAt });
  const dryRun = parameters['DryRun'] === 'true';
  await services.callHook({ service, action, dryRun });
  try {
    const caller = authenticate(services.principals, service, signature, request, services.now());
    record.principal = caller.arn;
    if (!services.limiter.admits(services.behaviour.rates, action, parameters, services.now()))
      throw throttled(service);
    const fault = takeFault(services.behaviour, action, dryRun);
    if (fault?.kind === 'drop-before') {
      end('dropped');
      return 'drop';
    }
    refuseBefore(service, fault);
    const answer = await withLatency(dryRun ? 0 : (services.behaviour.latencyMs[action] ?? 0), () =>
      perform(services, { service, action, parameters, caller, fault }),
    );
    if (fault?.kind === 'drop-after' || (fault?.kind === 'half-set' && !fault.answered)) {
      end('dropped');
      return 'drop';
    }
    if (fault?.kind === 'error-after') throw internalError('an internal error has occurred');
    end('ok');
    return answer;
  } catch (error) {
    const refusal = error instanceof ApiError ? error : internalError(String(error));
    end(refusal.code);
    return REFUSE[service](refusal);
  }
}

const REFUSE: Readonly<Record<ServiceName, (error: ApiError) => HttpAnswer>> = {
  ec2: refuseXml,
  ssm: refuseJson,
  sts: refuseSts,
};

async function perform(services: Services, call: ApiCall): Promise<HttpAnswer> {
  switch (call.service) {
    case 'ec2':
      return answerXml(call.action, await performEc2(services.ec2, call));
    case 'ssm':
      return answerJson(await performSsm(services.ssm, call));
    case 'sts':
      return performSts(services.ec2.account, call);
  }
}

/** The signature names the service; an unsigned request is told apart by its protocol. */
function serviceOf(request: HttpRequest, signedFor: string | undefined): ServiceName {
  if (signedFor === 'ssm' || signedFor === 'sts' || signedFor === 'ec2') return signedFor;
  return request.headers['x-amz-target'] === undefined ? 'ec2' : 'ssm';
}

function decode(
  service: ServiceName,
  request: HttpRequest,
): { readonly action: string; readonly parameters: Readonly<Record<string, unknown>> } | ApiError {
  if (service !== 'ssm') {
    const { Action: action, Version: _version, ...parameters } = readParameters(request.body);
    return { action: String(action), parameters };
  }
  const action = request.headers['x-amz-target']?.replace(/^AmazonSSM\./, '') ?? '';
  try {
    return { action, parameters: JSON.parse(request.body || '{}') };
  } catch {
    return new ApiError('SerializationException', 'the body is not JSON');
  }
}

function refuseBefore(service: ServiceName, fault: Fault | undefined): void {
  if (fault?.kind === 'refuse') throw new ApiError(fault.code, fault.message, fault.status);
  if (fault?.kind === 'throttle') throw throttled(service);
}

function throttled(service: ServiceName): ApiError {
  const { code, message, status } = THROTTLED[service];
  return new ApiError(code, message, status);
}

/** Does the work half-way through the latency, so that the answer comes when it has passed. */
async function withLatency<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  if (ms > 0) await sleep(ms / 2);
  const result = await work();
  const left = ms - (performance.now() - startedAt);
  if (left > 0) await sleep(left);
  return result;
}

const internalError = (message: string): ApiError => new ApiError('InternalError', message, 500);
