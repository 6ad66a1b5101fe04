// Owns what is wrong with being reachable and with the clock, and what to do about it.
// Never decides whether something is wrong; the backend does, and what it found has no words.
import type { ReachPart } from "../ipc";
import { say } from "./say.svelte";
import { spanWords } from "./time";

/** Why a part is not where it has to be, and what to do; nothing where it is. */
export function reachWords({ name, relays }: ReachPart): string {
  const words = say.relays.why;
  const [what, so] = [words.what[name], words.so[name]];
  const current = relays.filter(({ found }) => found === "current").length;
  const unread = relays.filter(({ found }) => found === "unread").length;
  if (relays.length === 0) return words.noRelay(so);
  if (current === relays.length) return "";
  if (unread === relays.length) return words.unasked(what);
  if (current === 0) return words.nowhere(what, so);
  return current + unread === relays.length ? words.silent(what, current, relays.length) : words.somewhere(what, current, relays.length);
}

/** By how much the clock is off, and what that does; `ahead` in seconds, negative where it is behind. */
export function clockWords(ahead: number): string {
  const span = spanWords(Math.abs(ahead));
  return ahead > 0 ? say.relays.clockAhead(span) : say.relays.clockBehind(span);
}
