// Owns the order of a timeline: by time, then as everybody has it, then by arrival.
// Never reads the rows themselves.
import type { Cursor } from "./generated";

/** Below zero where `a` stands above `b`. */
export function compareCursors(a: Cursor, b: Cursor): number {
  return a.at - b.at || a.tie - b.tie || a.seq - b.seq;
}
