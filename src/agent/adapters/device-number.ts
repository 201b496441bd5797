/** The parts of a `dev_t` as the C library packs it [src: glibc, bits/sysmacros.h]. */
export const deviceNumber = (dev: bigint): { readonly major: bigint; readonly minor: bigint } => ({
  major: ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn),
  minor: (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n),
});
