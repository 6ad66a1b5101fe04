// Owns how times and days are written, in the person's language and zone.
// Never reads the clock: the present is a parameter.

import { say, speech } from "./say.svelte";

const styles = {
  clock: { timeStyle: "short" },
  weekday: { weekday: "long" },
  shortWeekday: { weekday: "short" },
  day: { day: "numeric", month: "long" },
  shortDay: { day: "numeric", month: "short" },
  dayAndYear: { day: "numeric", month: "long", year: "numeric" },
  full: { dateStyle: "full", timeStyle: "medium" },
  shortYear: { day: "numeric", month: "short", year: "numeric" },
} satisfies Record<string, Intl.DateTimeFormatOptions>;

/** One for each style and language that was used: at most eight times the languages of the system. */
const formats = new Map<string, Intl.DateTimeFormat>();

function written(style: keyof typeof styles, seconds: number): string {
  const key = `${style} ${speech.locale}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(speech.locale, styles[style]);
    formats.set(key, format);
  }
  return format.format(date(seconds));
}

function date(seconds: number): Date {
  return new Date(seconds * 1000);
}

/** Midnight of the local day, in milliseconds: equal for two times of the same day. */
export function dayOf(seconds: number): number {
  return date(seconds).setHours(0, 0, 0, 0);
}

function daysAgo(seconds: number, now: number): number {
  return Math.round((dayOf(now) - dayOf(seconds)) / 86_400_000);
}

export function timeWords(seconds: number): string {
  return written("clock", seconds);
}

export function fullWords(seconds: number): string {
  return written("full", seconds);
}

/** A day of the week in short; 0 is Monday. */
export function weekdayWords(nth: number): string {
  // The first of January 2024 was a Monday.
  return written("shortWeekday", new Date(2024, 0, 1 + nth, 12).getTime() / 1000);
}

/** For a date separator. */
export function dayWords(seconds: number, now: number): string {
  const ago = daysAgo(seconds, now);
  if (ago === 0) return say.timeline.today;
  if (ago === 1) return say.timeline.yesterday;
  if (ago > 1 && ago < 7) return written("weekday", seconds);
  const sameYear = date(seconds).getFullYear() === date(now).getFullYear();
  return written(sameYear ? "day" : "dayAndYear", seconds);
}

/** For a row of the chat list: as short as it can be. */
export function shortWords(seconds: number, now: number): string {
  if (seconds === 0) return "";
  const ago = daysAgo(seconds, now);
  if (ago <= 0) return timeWords(seconds);
  if (ago < 7) return written("shortWeekday", seconds);
  const sameYear = date(seconds).getFullYear() === date(now).getFullYear();
  return written(sameYear ? "shortDay" : "shortYear", seconds);
}

/** About how long something is, in its largest fitting unit; `seconds` of at least a minute. */
export function spanWords(seconds: number): string {
  const [size, unit] = ([[31_536_000, "year"], [86_400, "day"], [3_600, "hour"]] as const).find(([size]) => seconds >= size * 1.5) ?? ([60, "minute"] as const);
  return say.spans[unit](Math.max(1, Math.round(seconds / size)));
}
