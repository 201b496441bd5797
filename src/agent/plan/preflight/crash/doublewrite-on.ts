import { notProvable, type Obligation } from './obligation.ts';

/** An image of a running server holds pages that are half written. */
export const doublewriteOn: Obligation = ({ doublewrite }) =>
  doublewrite
    ? []
    : [
        notProvable(
          'innodb_doublewrite is off: pages in the image may be torn',
          'Set innodb_doublewrite = ON in the option file and restart the server.',
        ),
      ];
