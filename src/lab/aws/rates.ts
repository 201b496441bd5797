import * as v from 'valibot';

/** A token bucket: how many requests may come at once, and how many more each second. */
const Rate = v.object({
  burst: v.pipe(v.number(), v.integer(), v.minValue(1)),
  perSecond: v.pipe(v.number(), v.minValue(0)),
});

/**
 * By action, like `{ "ListCommands": { "burst": 10, "perSecond": 10 } }`; what is not named has no limit. A second bucket
 * of an action, `DescribeSnapshots unfiltered`, is for its requests that name neither a filter nor a page.
 */
export const Rates = v.record(v.string(), Rate);
export type Rates = v.InferOutput<typeof Rates>;

const UNFILTERED = ' unfiltered';

/** The buckets of one account, each its action's own. */
export class RateLimiter {
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  /** Takes a token; `false` where there is none left. `now` in milliseconds. */
  admits(rates: Rates, action: string, parameters: Readonly<Record<string, unknown>>, now: number): boolean {
    const name = bucketOf(rates, action, parameters);
    const rate = rates[name];
    if (rate === undefined) return true;
    const { tokens, at } = this.#buckets.get(name) ?? { tokens: rate.burst, at: now };
    const filled = Math.min(tokens + ((now - at) / 1000) * rate.perSecond, rate.burst);
    const admitted = filled >= 1;
    this.#buckets.set(name, { tokens: admitted ? filled - 1 : filled, at: now });
    return admitted;
  }
}

function bucketOf(rates: Rates, action: string, parameters: Readonly<Record<string, unknown>>): string {
  const narrowed = ['Filter', 'MaxResults', 'NextToken'].some((name) => name in parameters);
  return !narrowed && `${action}${UNFILTERED}` in rates ? `${action}${UNFILTERED}` : action;
}
