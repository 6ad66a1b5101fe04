// Owns what is visible of a conversation: following the end, keeping the place of what is read, going somewhere.
// Never changes the conversation; it asks for more of it and lets go of what is far away.
import { tick } from "svelte";
import type { VirtualizerHandle } from "virtua/svelte";
import type { MessageView } from "../ipc";
import { dayWords } from "../words/time";
import type { App } from "./app.svelte";
import type { Place } from "./places";
import { Reading, seenOf } from "./reading";
import type { Timeline } from "./reducer";
import type { Row } from "./rows";

/** Within this many pixels of the end counts as at the end (M3). */
const NEAR = 15;
/** Messages are fetched this many pixels before the edge (M10). */
const AHEAD = 800;
/** With more messages than this, those far from what is read are let go; they are fetched again on the way back. */
export const TRIM_AT = 1_500;
/** What was gone to stays lit this long, in milliseconds. */
const LIT = 2_000;
/** Rows near what was gone to are measured within this time of each other, in milliseconds. */
const MEASURED = 150;

/** How far the view shall be scrolled, or null when what it leads to is gone. */
type Goal = () => number | null;

/**
 * Which of the visible messages stay where they are, the first one that can: one that begins in view. What reaches in from
 * above grows upwards, and may lie where it would not if it had been measured.
 */
function inOrderOfHold<T extends { top: number }>(visible: T[]): T[] {
  return [...visible.filter(({ top }) => top >= 0), ...visible.filter(({ top }) => top < 0)];
}

export class Viewport {
  scroller = $state<HTMLElement | null>(null);
  list = $state<VirtualizerHandle | null>(null);
  /** Messages below what is visible. */
  below = $state(0);
  /** The day of the first visible message. */
  day = $state("");
  /** The message that was gone to. */
  lit = $state<number | null>(null);
  /** The end stays in view, whatever comes. */
  follow = $state(true);
  opened = false;
  readonly reading: Reading;
  /** Where the view goes, until its rows are measured or the person scrolls. Not the list's own scrolling: that goes on while the person scrolls. */
  #goal: Goal | null = null;
  #reached: ReturnType<typeof setTimeout> | undefined;
  /** Where the view was put; elsewhere, the person scrolled. */
  #put = 0;
  #dimmer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly app: App,
    readonly timeline: () => Timeline,
    readonly rows: () => Row[],
    mark: (message: number) => void,
  ) {
    this.reading = new Reading(mark, () => document.hasFocus() && document.visibilityState === "visible");
  }

  toEnd(): void {
    this.follow = true;
    this.#goal = null;
    this.#reach();
  }

  /** To the unread divider. Says whether there is one. */
  toDivider(): boolean {
    return this.#aim(() => this.#top(this.#divider(), -NEAR));
  }

  /** Whether the unread divider stands further down than what is visible. */
  dividerBelow(): boolean {
    const at = this.#divider();
    return this.list !== null && at > this.list.findItemIndex(this.list.getScrollOffset() + this.list.getViewportSize());
  }

  /** Brings a message into view, wherever it is, and lights it up. */
  async reveal(id: number): Promise<boolean> {
    if (!(await this.app.loadAround(id))) return false;
    await tick();
    const centred = () => {
      const at = this.#indexOf(id);
      return this.#top(at, ((this.list?.getItemSize(at) ?? 0) - (this.scroller?.clientHeight ?? 0)) / 2);
    };
    if (!this.#aim(centred)) return false;
    this.lit = id;
    clearTimeout(this.#dimmer);
    this.#dimmer = setTimeout(() => (this.lit = null), LIT);
    return true;
  }

  /** Puts a message where it was. Says whether it is there. */
  putBack(place: Place): boolean {
    return this.#aim(() => this.#top(this.#indexOf(place.message), -place.top));
  }

  /** What comes in above, what leaves there and what is measured must not move what is read. Call before the rows change; the answer, after it. */
  hold(): () => void {
    if (this.opened) this.#heed();
    const held = this.follow || !this.opened ? [] : inOrderOfHold(this.#visible());
    return () => {
      const { scroller } = this;
      if (scroller === null) return;
      if (this.follow && this.opened) return this.#reach();
      const now = this.#visible(true);
      for (const { id, top } of held) {
        const still = now.find((one) => one.id === id);
        if (still === undefined) continue;
        if (Math.abs(still.top - top) > 1) this.#scrollTo(scroller.scrollTop + still.top - top);
        return;
      }
    };
  }

  look(): void {
    const { list, scroller } = this;
    if (list === null || scroller === null || !this.opened) return;
    const [rows, timeline] = [this.rows(), this.timeline()];
    const top = list.getScrollOffset();
    const bottom = top + scroller.clientHeight;
    let at = Math.min(list.findItemIndex(bottom), rows.length - 1);
    while (at > 0 && list.getItemOffset(at) + list.getItemSize(at) > bottom + NEAR) at -= 1;
    this.below = rows.slice(at + 1).filter((row) => row.type === "message").length;
    const above = rows.slice(0, at + 1).flatMap((row) => (row.type === "message" ? [row.message] : []));
    this.reading.see(seenOf(above));
    const start = list.findItemIndex(top);
    const visible = rows
      .slice(start, list.findItemIndex(bottom) + 1)
      .flatMap((row, index) => (row.type === "message" ? [{ id: row.message.id, at: row.message.at, top: list.getItemOffset(start + index) - top }] : []));
    const first = visible[0];
    this.day = first === undefined || top < NEAR ? "" : dayWords(first.at, Date.now() / 1000);
    const place = inOrderOfHold(visible)[0];
    this.app.places.set(timeline.chat, this.follow || place === undefined ? null : { message: place.id, top: place.top });
    if (top < AHEAD && timeline.older !== null) void this.app.loadOlder();
    else if (scroller.scrollHeight - bottom < AHEAD && timeline.newer !== null) void this.app.loadNewer();
    else if (timeline.messages.length > TRIM_AT && first !== undefined) this.app.dispatch({ type: "trim", chat: timeline.chat, around: first.id });
  }

  scrolled(): void {
    const { scroller } = this;
    if (scroller === null || !this.opened) return;
    this.#heed();
    this.look();
  }

  /**
   * After the frame or a row has another height, before the rows move: after that, nobody could say what the person scrolled.
   * What is read is held here too: after older messages came in, the list counts from its end until the person rests.
   */
  resized(): void {
    const settle = this.hold();
    void tick().then(() => {
      settle();
      if (this.opened) this.#reach();
      this.look();
    });
  }

  /** Moves the focus `step` messages on; into view where it is not. */
  async moveFocus(step: number): Promise<void> {
    const row = (id: number | string) => this.scroller?.querySelector<HTMLElement>(`[data-message="${id}"]`) ?? null;
    const focused = this.scroller?.querySelector<HTMLElement>("[data-message]:focus")?.dataset["message"];
    const places = this.rows().flatMap((one, at) => (one.type === "message" && one.message.kind.type === "text" ? [{ id: one.message.id, at }] : []));
    const now = places.findIndex((one) => String(one.id) === focused);
    const wanted = now < 0 ? places.findLastIndex((one) => row(one.id) !== null) : now + step;
    const next = places[Math.max(0, Math.min(wanted, places.length - 1))];
    if (next === undefined) return;
    if (row(next.id) === null) {
      this.list?.scrollToIndex(next.at, { align: "nearest" });
      await tick();
    }
    this.follow = false;
    row(next.id)?.focus({ preventScroll: true });
    row(next.id)?.scrollIntoView({ block: "nearest" });
  }

  stop(): void {
    this.reading.stop();
    clearTimeout(this.#dimmer);
    clearTimeout(this.#reached);
  }

  /** Goes to `goal`. Says whether it leads anywhere. */
  #aim(goal: Goal): boolean {
    if (goal() === null) return false;
    this.follow = false;
    this.#goal = goal;
    this.#reach();
    return true;
  }

  /** Lets go of the end and of where the view was going, when the person scrolled; takes the end up again. */
  #heed(): void {
    const { scroller } = this;
    if (scroller === null) return;
    const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight <= NEAR;
    // A composer or a row that grew moves nothing; only the person does.
    if (!atEnd && Math.abs(scroller.scrollTop - this.#put) > 1) {
      this.follow = false;
      this.#goal = null;
    } else if (atEnd && this.#goal === null) this.follow = this.timeline().newer === null;
  }

  #reach(): void {
    const top = this.follow ? (this.scroller?.scrollHeight ?? 0) : (this.#goal?.() ?? null);
    if (top === null) return;
    this.#scrollTo(top);
    clearTimeout(this.#reached);
    this.#reached = setTimeout(() => {
      this.#goal = null;
      this.#heed();
    }, MEASURED);
  }

  #scrollTo(top: number): void {
    if (this.scroller === null) return;
    this.scroller.scrollTop = top;
    this.#put = this.scroller.scrollTop;
  }

  /** How far down row `at` begins, and `more`. */
  #top(at: number, more: number): number | null {
    return this.list === null || at < 0 ? null : this.list.getItemOffset(at) + more;
  }

  #divider(): number {
    return this.rows().findIndex((row) => row.type === "unread");
  }

  #indexOf(message: MessageView["id"]): number {
    return this.rows().findIndex((row) => row.type === "message" && row.message.id === message);
  }

  /** The messages that can be seen, or all that are in the page, and how far each is from the upper edge. */
  #visible(all = false): { id: number; top: number }[] {
    if (this.scroller === null) return [];
    const edge = this.scroller.getBoundingClientRect();
    return [...this.scroller.querySelectorAll<HTMLElement>("[data-message]")]
      .map((row) => ({ id: Number(row.dataset["message"]), box: row.getBoundingClientRect() }))
      .filter(({ box }) => all || (box.bottom > edge.top && box.top < edge.bottom))
      .map(({ id, box }) => ({ id, top: box.top - edge.top }));
  }
}
