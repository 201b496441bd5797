/** Milliseconds of CLOCK_MONOTONIC, which all processes of the machine share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
