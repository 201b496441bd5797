/** `YYYY-MM-DD HH:MM:SSZ` */
export const moment = (time: Date): string => `${time.toISOString().slice(0, 19).replace('T', ' ')}Z`;

const HOUR_MS = 3_600_000;

/** `5 h`, `3 d` */
export function age(time: Date, now: Date): string {
  const hours = Math.max(0, Math.floor((now.getTime() - time.getTime()) / HOUR_MS));
  return hours < 72 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}
