import { type Freshness, subjectsOfSeveral } from './judge-freshness.ts';

const PREFIX = 'mysql_ebs_snapshot';

interface Metric {
  readonly name: string;
  readonly help: string;
  /** `undefined` where a subject has none. */
  readonly value: (freshness: Freshness) => number | undefined;
}

const seconds = (time: Date | undefined): number | undefined =>
  time === undefined ? undefined : Math.floor(time.getTime() / 1000);

const METRICS: readonly Metric[] = [
  {
    name: `${PREFIX}_fresh`,
    help: 'Whether there is a good set that is younger than --max-age.',
    value: ({ verdict }) => Number(verdict === 'fresh'),
  },
  {
    name: `${PREFIX}_newest_good_timestamp_seconds`,
    help: 'When the newest good set was taken.',
    value: ({ newestGood }) => seconds(newestGood?.startTime),
  },
  {
    name: `${PREFIX}_newest_verified_timestamp_seconds`,
    help: 'When the newest set was taken that a restore drill has proven.',
    value: ({ newestVerified }) => seconds(newestVerified?.startTime),
  },
  {
    name: `${PREFIX}_not_good_sets`,
    help: 'How many sets were taken since the newest good one, and do not count.',
    value: ({ since }) => since.length,
  },
];

/**
 * The text format of Prometheus (version 0.0.4), for the textfile collector of the node exporter. The time of the look is
 * among the metrics: a file that nobody writes any more can be told by it. A server that is gone has none, so that no rule
 * on ages meets it.
 */
export function prometheusText(judged: readonly Freshness[], now: Date): string {
  const all = judged.filter(({ verdict }) => verdict !== 'gone');
  const several = subjectsOfSeveral(all);
  const lines = METRICS.flatMap(({ name, help, value }) => [
    ...heading(name, help),
    ...all.flatMap((freshness) => {
      const known = value(freshness);
      return known === undefined ? [] : [`${name}{${labels(freshness, several)}} ${known}`];
    }),
  ]);
  const looked = `${PREFIX}_status_timestamp_seconds`;
  return `${[...lines, ...heading(looked, 'When the sets were looked at.'), `${looked} ${seconds(now)}`].join('\n')}\n`;
}

const heading = (name: string, help: string): readonly string[] => [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`];

/** A cluster has the name that it goes by, a host its `Name` tag beside its id; of several servers each has its own. */
function labels({ subject, server, hosts: [host] }: Freshness, several: ReadonlySet<string>): string {
  if (subject !== host?.instanceId) return `cluster=${quoted(subject)}`;
  const ofHost = `instance=${quoted(subject)},name=${quoted(host.name)}`;
  if (server === undefined || !several.has(subject)) return ofHost;
  return `${ofHost},server=${quoted(server.key)},datadir=${quoted(server.datadir ?? '')}`;
}

const quoted = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
