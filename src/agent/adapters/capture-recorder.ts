import type { Ec2Reader, HostReader, InstanceFacts, Row, ServerReader } from '../ports.ts';
import type { Capture } from './capture.ts';

/** The three ports that discovery reads from. */
export interface Readers {
  readonly host: HostReader;
  readonly server: ServerReader;
  readonly ec2: Ec2Reader;
}

/** Readers that remember what they were answered. */
export interface Recorder extends Readers {
  /** Everything that has been answered so far. Throws where EC2 has not answered yet. */
  capture(takenAt: Date, agent: string): Capture;
}

/** Readers that pass every question on and remember the answer, `not there` included. */
export function recordCapture({ host, server, ec2 }: Readers): Recorder {
  const devices: NonNullable<Capture['host']['devices']> = {};
  const holders: NonNullable<Capture['host']['holders']> = {};
  const recorded: Capture['host'] = { files: {}, links: {}, dirs: {}, owners: {}, symlinks: {} };
  const space: NonNullable<Capture['host']['space']> = {};
  const indexes: NonNullable<Capture['host']['indexes']> = {};
  const answers: Record<string, Row[]> = {};
  let instance: InstanceFacts | undefined;

  return {
    host: {
      readText: async (path) => {
        // Kernel text only: whatever else discovery might come to read, it must not get into a capture.
        if (!/^\/(proc|sys)\//.test(path)) throw new Error(`${path} is not for a capture`);
        return remember(recorded.files, path, await host.readText(path));
      },
      realPath: async (path) => remember(recorded.links, path, await host.realPath(path)),
      list: async (path) => {
        const names = await host.list(path);
        remember(recorded.dirs, path, names && [...names].sort());
        return names;
      },
      owner: async (path) => remember(recorded.owners, path, await host.owner(path)),
      freeSpace: async (path) => {
        const found = await host.freeSpace(path);
        if (found !== undefined) space[path] = found;
        return found;
      },
      symlinksBelow: async (path, depth) => {
        const links = await host.symlinksBelow(path, depth);
        recorded.symlinks[path] = { depth, links: [...links] };
        return links;
      },
      deviceNumber: async (path) => {
        const number = await host.deviceNumber(path);
        if (number !== undefined) devices[path] = number;
        return number;
      },
      holders: async (path) => {
        const names = await host.holders(path);
        remember(holders, path, names && [...names].sort());
        return names;
      },
      journals: async () => {
        const names = await host.journals();
        if (names !== undefined) recorded.journals = [...names].sort();
        return names;
      },
      indexedLogs: async (index) => {
        const logs = await host.indexedLogs(index);
        if (logs !== undefined) indexes[index] = [...logs];
        return logs;
      },
      dmStatus: async () => {
        const text = await host.dmStatus();
        if (text !== undefined) recorded.dmStatus = text;
        return text;
      },
    },
    server: {
      ask: async (question) => {
        const rows = await server.ask(question);
        answers[question.name] = [...(question.forCapture?.(rows) ?? rows)];
        return rows;
      },
    },
    ec2: {
      instance: async () => {
        instance = await ec2.instance();
        return instance;
      },
    },
    capture: (takenAt, agent) => {
      if (instance === undefined) throw new Error('EC2 was not asked yet');
      return {
        v: 1,
        takenAt: takenAt.toISOString(),
        agent,
        host: {
          ...recorded,
          ...(Object.keys(space).length > 0 && { space }),
          ...(Object.keys(devices).length > 0 && { devices }),
          ...(Object.keys(holders).length > 0 && { holders }),
          ...(Object.keys(indexes).length > 0 && { indexes }),
        },
        server: { answers },
        ec2: {
          instanceId: instance.instanceId,
          region: instance.region,
          name: instance.name,
          ...(instance.rootDevice === undefined ? {} : { rootDevice: instance.rootDevice }),
          volumes: instance.volumes.map((volume) => ({ ...volume, tags: { ...volume.tags } })),
        },
      };
    },
  };
}

function remember<T>(answers: Record<string, T | null>, question: string, answer: T | undefined): T | undefined {
  answers[question] = answer ?? null;
  return answer;
}
