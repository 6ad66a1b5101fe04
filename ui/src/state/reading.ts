// Owns when a message counts as read: its end was visible in the focused window for one second.
// Never measures the page; it is told what is visible.
import type { Cursor } from "../ipc";
import { compareCursors } from "../ipc/cursor";

/** How long the end of a message has to be visible, in milliseconds. */
export const READING_TIME = 1_000;

/** A message and its place in the timeline, and which of those down to it came last: that one may stand higher. */
export interface Seen {
  id: number;
  cursor: Cursor;
  arrival: number;
}

/** What is seen by whoever sees the last of these messages. */
export function seenOf(messages: Omit<Seen, "arrival">[]): Seen | null {
  const last = messages.at(-1);
  return last === undefined ? null : { id: last.id, cursor: last.cursor, arrival: messages.reduce((newest, { id }) => Math.max(newest, id), 0) };
}

function after(a: Seen, b: Seen): boolean {
  return compareCursors(a.cursor, b.cursor) > 0;
}

export class Reading {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pending: Seen | null = null;
  #visible: Seen | null = null;
  #marked: Seen | null = null;

  constructor(
    readonly mark: (message: number) => void,
    readonly focused: () => boolean,
  ) {}

  /** The newest message whose end is visible now. Call it after every scroll, arrival and change of focus. */
  see(seen: Seen | null): void {
    this.#visible = seen;
    const pending = this.#pending;
    if (seen === null || !this.focused()) return this.stop();
    // Scrolled back before the second was over.
    if (pending !== null && after(pending, seen)) this.stop();
    const marked = this.#marked;
    if (this.#pending !== null || (marked !== null && !after(seen, marked) && seen.arrival <= marked.arrival)) return;
    this.#pending = seen;
    this.#timer = setTimeout(() => this.#due(), READING_TIME);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#pending = null;
  }

  #due(): void {
    const pending = this.#pending;
    this.#pending = null;
    if (pending === null || !this.focused()) return;
    this.#marked = pending;
    this.mark(pending.id);
    this.see(this.#visible);
  }
}
