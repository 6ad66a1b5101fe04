// Owns what the open parts of the window do on a shortcut: each part says so while it is there.
// Never knows what a shortcut means.
import type { ShortcutId } from "./shortcuts";

export class Commands {
  /** At most one for each shortcut of the table; the part that came last. */
  readonly #running = new Map<ShortcutId, () => boolean | void>();

  /** Returns how to take it back: made for `$effect(() => app.commands.on("newest", toEnd))`. */
  on(id: ShortcutId, act: () => boolean | void): () => void {
    this.#running.set(id, act);
    return () => {
      if (this.#running.get(id) === act) this.#running.delete(id);
    };
  }

  /** `null` where nobody does anything; else whether it was done. */
  run(id: ShortcutId): boolean | null {
    const act = this.#running.get(id);
    return act === undefined ? null : act() !== false;
  }

  has(id: ShortcutId): boolean {
    return this.#running.has(id);
  }
}
