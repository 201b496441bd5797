import type { Check } from './refusal.ts';

/** The manifest is written with the owner's uid; as root, whoever can write there could lead us anywhere. */
export const datadirOwnedByServer: Check = ({ server }) =>
  server.datadirOwner.uid === 0
    ? [
        {
          code: 'datadir-unfit',
          message: `the data directory ${server.datadir} is owned by root`,
          hint: `Run the server under an account of its own and give it the files: chown -R mysql:mysql ${server.datadir}`,
        },
      ]
    : [];
