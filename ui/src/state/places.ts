// Owns where each conversation was left, so that it opens there again (M2).
// Never outlives the window.

/** A message, and how far it was from the upper edge, in pixels. */
export interface Place {
  message: number;
  top: number;
}

/** Conversations whose place is remembered; beyond it the one that was left longest ago goes. */
export const PLACE_CAP = 200;

export class Places {
  readonly #places = new Map<string, Place>();

  get(chat: string): Place | null {
    return this.#places.get(chat) ?? null;
  }

  /** `null` at the end of the conversation: it opens there anyway. */
  set(chat: string, place: Place | null): void {
    this.#places.delete(chat);
    if (place === null) return;
    this.#places.set(chat, place);
    const [oldest] = this.#places.keys();
    if (this.#places.size > PLACE_CAP && oldest !== undefined) this.#places.delete(oldest);
  }

  clear(): void {
    this.#places.clear();
  }
}
