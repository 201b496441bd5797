import { RunError } from '../../shared/errors.ts';
import { parseCapture } from './capture.ts';
import type { Readers } from './capture-recorder.ts';

/**
 * The ports as a capture answers them. What it was never asked when it was taken is RunError `capture-invalid`,
 * not "not there": a plan must not be made of a gap.
 */
export function replayCapture(json: string): Readers {
  const { host, server, ec2 } = parseCapture(json);
  return {
    host: {
      readText: async (path) => answer(host.files, path),
      realPath: async (path) => answer(host.links, path),
      list: async (path) => answer(host.dirs, path),
      owner: async (path) => answer(host.owners, path),
      freeSpace: async (path) => host.space && recorded(host.space, path),
      symlinksBelow: async (path, depth) => {
        const found = recorded(host.symlinks, path);
        if (found.depth !== depth) throw gap(`the symbolic links ${depth} levels below ${path}`);
        return found.links;
      },
      deviceNumber: async (path) => host.devices?.[path],
      holders: async (path) => host.holders && answer(host.holders, path),
      journals: async () => host.journals,
      indexedLogs: async (index) => host.indexes && recorded(host.indexes, index),
      dmStatus: async () => host.dmStatus,
    },
    server: {
      // Like a server that does not know it, a capture of an older version has no answer to an optional question.
      ask: async ({ name, optional }) =>
        optional && !Object.hasOwn(server.answers, name) ? [] : recorded(server.answers, name, `the question ${name}`),
    },
    ec2: {
      instance: async () => ({ ...ec2, rootDevice: ec2.rootDevice }),
    },
  };
}

const answer = <T>(answers: Readonly<Record<string, T | null>>, path: string): T | undefined =>
  recorded(answers, path) ?? undefined;

function recorded<T>(answers: Readonly<Record<string, T>>, question: string, what: string = question): T {
  const found = Object.hasOwn(answers, question) ? answers[question] : undefined;
  if (found === undefined) throw gap(what);
  return found;
}

const gap = (what: string): RunError => new RunError('capture-invalid', `the capture says nothing of ${what}`);
