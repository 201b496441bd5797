import fc from 'fast-check';
import { type Cadence, HOURS, type Nth, WEEKDAYS } from '../../../../src/controller/schedules/schedule.ts';

const at = fc.record({ hour: fc.integer({ min: 0, max: 23 }), minute: fc.integer({ min: 0, max: 59 }) });
const weekday = fc.constantFrom(...WEEKDAYS);
const nth = fc.constantFrom<Nth>(1, 2, 3, 4, 5, 'last');

/** Everything that State Manager takes as cron. */
export const anyCadence: fc.Arbitrary<Cadence> = fc.oneof(
  fc.constant({ every: 'half-hour' } as const),
  fc.record({ every: fc.constant('hours' as const), hours: fc.constantFrom(...HOURS) }),
  fc.record({ every: fc.constant('day' as const), at }),
  fc.record({ every: fc.constant('week' as const), weekday, at }),
  fc.record({ every: fc.constant('month' as const), weekday, nth, at }),
);
