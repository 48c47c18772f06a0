// Numbers, sizes and times in the reader's own way.

const language = typeof navigator === "undefined" ? "en" : navigator.language || "en";
const plain = new Intl.NumberFormat(language);
const short = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
const moment = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

export const number = (value: number): string => plain.format(value);

export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let at = 0;
  let left = value;
  while (left >= 1000 && at < units.length - 1) {
    left /= 1000;
    at += 1;
  }
  return `${short.format(left)} ${units[at]}`;
}

/** Return an ISO 8601 time as the reader writes it; what is none stays as it is. */
export function time(iso: string): string {
  const date = new Date(iso);
  return iso && !Number.isNaN(date.getTime()) ? moment.format(date) : iso;
}

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}
