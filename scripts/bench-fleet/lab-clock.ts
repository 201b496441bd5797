import { request } from 'node:http';
import * as v from 'valibot';
import type { Clock } from '../../src/controller/ports.ts';

const Answer = v.object({ now: v.number() });

/**
 * The clock of a controller that lives in the time of a lab: it goes on with the real time, and whoever sleeps pushes it
 * forward instead of waiting.
 */
export async function labClock(endpoint: string): Promise<Clock> {
  let ahead = (await ask(endpoint, 'GET', '/_lab/time')) - Date.now();
  return {
    now: () => new Date(Date.now() + ahead),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      ahead = (await ask(endpoint, 'POST', '/_lab/time/advance', { ms })) - Date.now();
    },
  };
}

/** By hand and not by `fetch`, which would weigh on the memory that is measured. */
async function ask(endpoint: string, method: string, path: string, body?: object): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(`${endpoint}${path}`, { method }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        try {
          resolve(v.parse(Answer, JSON.parse(text)).now);
        } catch (cause) {
          reject(new Error(`${method} ${path}: ${text}`, { cause }));
        }
      });
    });
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
