import type { Check } from './refusal.ts';

/** Of a device that is not understood it is not known which of those below it hold its data, nor how it is put together again. */
export const deviceMapperKnown: Check = ({ storage }) =>
  storage.misfits.flatMap((misfit) =>
    misfit.kind === 'device-mapper'
      ? [
          {
            code: 'storage-unfit' as const,
            message: `the device ${misfit.name} (${misfit.dmName}) is of device-mapper and has ${misfit.what}, which is not supported under the server`,
            hint: `\`dmsetup table ${misfit.dmName}\` shows what it is. Move what the server keeps on it to LVM, LUKS, md RAID or a plain volume.`,
          },
        ]
      : [],
  );
