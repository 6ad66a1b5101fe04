// Owns when a message counts as read: its end was visible in the focused window for one second.
// Never measures the page; it is told what is visible.
import type { Cursor } from "../ipc";
import { compareCursors } from "../ipc/cursor";

/** How long the end of a message has to be visible, in milliseconds. */
export const READING_TIME = 1_000;

/** What was seen: a place in the timeline, and up to which arrival what stands there or above it came. */
export interface Seen {
  id: number;
  cursor: Cursor;
}

/** Reading counts by arrival, and what came last may stand above the last message: `above` ends with the newest visible one, `below` is not visible. */
export function seenOf(above: Seen[], below: Seen[]): Seen | null {
  const last = above.at(-1);
  if (last === undefined) return null;
  // What is below has not been read, whatever came after it.
  const end = Math.min(...below.map((message) => message.id), Number.POSITIVE_INFINITY);
  const id = above.reduce((newest, { id }) => (id < end ? Math.max(newest, id) : newest), last.id);
  return { id, cursor: last.cursor };
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
    if (this.#pending !== null || (marked !== null && !after(seen, marked) && seen.id <= marked.id)) return;
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
