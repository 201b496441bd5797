import { MOST_TABLES } from '../../../discovery/recovery.ts';
import { notProvable, type Obligation } from './obligation.ts';

/** How many are named. */
const NAMED = 5;

/** What no transaction covers is in the image as it happened to be, whatever the binary log says. */
export const tablesTransactional: Obligation = ({ recovery }) => {
  const tables = recovery?.nonTransactionalTables ?? [];
  const [first] = tables;
  if (first === undefined) return [];
  const named = tables.slice(0, NAMED).map(({ table, engine }) => `${table} (${engine})`);
  const count = tables.length >= MOST_TABLES ? `${MOST_TABLES} or more` : String(tables.length);
  const more = tables.length > NAMED ? ` and others, ${count} in all` : '';
  return [
    notProvable(
      `tables that are not InnoDB are not covered by recovery: ${named.join(', ')}${more}`,
      `ALTER TABLE ${first.table} ENGINE = InnoDB; (each of them), or use --level application.`,
    ),
  ];
};
