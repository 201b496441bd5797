import { randomUUID } from 'node:crypto';
import { XMLBuilder } from 'fast-xml-parser';
import * as v from 'valibot';
import { ApiError } from '../api-error.ts';
import type { HttpAnswer } from '../http-server.ts';

/**
 * EC2's Query protocol: form-encoded parameters like `Filter.1.Value.2=x` in, XML out
 * [Smithy: AWS EC2 query protocol].
 */

export interface ParameterTree {
  readonly [name: string]: ParameterNode;
}
export type ParameterNode = string | readonly ParameterNode[] | ParameterTree;

/** Turns dotted names into a tree; numbered parts become lists, in the order of their numbers. */
export function readParameters(body: string): ParameterTree {
  const root: Branch = new Map();
  for (const [name, value] of new URLSearchParams(body)) {
    const parts = name.split('.');
    const leaf = parts.pop() ?? '';
    let branch = root;
    for (const part of parts) {
      const next = branch.get(part);
      const child: Branch = next instanceof Map ? next : new Map();
      branch.set(part, child);
      branch = child;
    }
    branch.set(leaf, value);
  }
  return Object.fromEntries([...root].map(([name, node]) => [name, grow(node)]));
}

type Branch = Map<string, string | Branch>;

function grow(node: string | Branch): ParameterNode {
  if (typeof node === 'string') return node;
  const entries = [...node];
  if (entries.every(([name]) => /^\d+$/.test(name))) {
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => grow(child));
  }
  return Object.fromEntries(entries.map(([name, child]) => [name, grow(child)]));
}

/** Parses an action's parameters; what the lab does not implement is refused by name, never ignored. */
export function parseParameters<S extends v.GenericSchema>(schema: S, tree: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, tree);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const name = v.getDotPath(issue) ?? '';
  if (issue.type === 'strict_object') {
    if (issue.expected === 'never') throw new ApiError('UnknownParameter', `The parameter ${name} is not recognized`);
    throw new ApiError('MissingParameter', `The request must contain the parameter ${name}`);
  }
  throw new ApiError(
    'InvalidParameterValue',
    `Value (${String(issue.input)}) for parameter ${name} is invalid. ${issue.message}`,
  );
}

/** A boolean and a number as the Query protocol writes them. */
export const Flag = v.pipe(
  v.picklist(['true', 'false']),
  v.transform((text) => text === 'true'),
);
export const WholeNumber = v.pipe(v.string(), v.regex(/^\d+$/, 'Expecting a whole number.'), v.transform(Number));

export type Xml = string | number | boolean | undefined | XmlElement;
export interface XmlElement {
  readonly [name: string]: Xml | readonly Xml[];
}

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@' });
const XML_HEADERS = { 'content-type': 'text/xml;charset=UTF-8' };

export function answerXml(action: string, result: XmlElement): HttpAnswer {
  const response = {
    [`${action}Response`]: {
      '@xmlns': 'http://ec2.amazonaws.com/doc/2016-11-15/',
      requestId: randomUUID(),
      ...result,
    },
  };
  return { status: 200, headers: XML_HEADERS, body: builder.build(response) };
}

export function refuseXml({ code, message, status }: ApiError): HttpAnswer {
  const response = { Response: { Errors: { Error: { Code: code, Message: message } }, RequestID: randomUUID() } };
  return { status, headers: XML_HEADERS, body: builder.build(response) };
}

/** A list as EC2 writes it: `<name><item>…</item></name>`. */
export const items = (list: readonly Xml[]): XmlElement => ({ item: list });
