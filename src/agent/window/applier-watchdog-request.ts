import * as v from 'valibot';
import { ApplierPlan, RecordedServer } from '../ports.ts';

/** What the watchdog of the appliers is told, as one line of JSON on its stdin. It holds a password: it is written nowhere. */
export const WatchdogRequest = v.object({
  connection: v.object({
    socket: v.optional(v.string()),
    host: v.string(),
    port: v.number(),
    user: v.string(),
    password: v.optional(v.string()),
    tls: v.optional(v.object({ caFile: v.string(), verifyIdentity: v.boolean() })),
  }),
  /** The file that stands while an applier may be stopped. */
  file: v.string(),
  server: RecordedServer,
  plan: ApplierPlan,
});
export type WatchdogRequest = v.InferOutput<typeof WatchdogRequest>;

/** The hidden verb under which the agent starts itself as the watchdog. */
export const WATCHDOG_COMMAND = 'keep-appliers';

/** How often the agent gives its watchdog a sign of life: any line. */
export const SIGN_OF_LIFE_MS = 1_000;
/** After this time without one the watchdog starts the appliers: an agent that is stopped ends nothing, and does not die. */
export const SILENCE_MS = 10_000;
