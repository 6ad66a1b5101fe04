// Owns how times and days are written, in the person's language and zone.
// Never reads the clock: the present is a parameter.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const shortWeekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long" });
const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dayAndYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const shortYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

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
  return clock.format(date(seconds));
}

export function fullWords(seconds: number): string {
  return full.format(date(seconds));
}

/** For a date separator. */
export function dayWords(seconds: number, now: number): string {
  const ago = daysAgo(seconds, now);
  if (ago === 0) return "Today";
  if (ago === 1) return "Yesterday";
  if (ago > 1 && ago < 7) return weekday.format(date(seconds));
  const sameYear = date(seconds).getFullYear() === date(now).getFullYear();
  return (sameYear ? day : dayAndYear).format(date(seconds));
}

/** For a row of the chat list: as short as it can be. */
export function shortWords(seconds: number, now: number): string {
  if (seconds === 0) return "";
  const ago = daysAgo(seconds, now);
  if (ago <= 0) return timeWords(seconds);
  if (ago < 7) return shortWeekday.format(date(seconds));
  const sameYear = date(seconds).getFullYear() === date(now).getFullYear();
  return (sameYear ? shortDay : shortYear).format(date(seconds));
}
