// Owns how much data is written, in the person's language.
// Never rounds to more than one place.
import { speech } from "./say.svelte";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** As `12.4 MB`; a unit is a thousand of the one before. */
export function sizeWords(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  const format = new Intl.NumberFormat(speech.locale, { style: "unit", unit: UNITS[step], maximumFractionDigits: step < 2 ? 0 : 1 });
  return format.format(bytes / 1_000 ** step);
}
