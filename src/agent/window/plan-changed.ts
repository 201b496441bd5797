import { RunError } from '../../shared/errors.ts';

/** What the plan rests on has changed before any commit waited; everything has been released. A new plan may be made. */
export class PlanChanged extends RunError {
  constructor(change: string) {
    super('plan-changed', change);
  }
}
