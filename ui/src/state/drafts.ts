// Owns what was typed and not sent yet, one draft for each chat.
// Never writes to disk: the text would lie there in the clear.

/** What the composer of one chat holds. */
export interface Draft {
  text: string;
  replyTo: number | null;
}

/** Drafts kept at once; beyond it the one that was touched longest ago goes. */
export const DRAFT_CAP = 200;

export class Drafts {
  #drafts = new Map<string, Draft>();
  #watch: { chat: string; changed: (draft: Draft) => void } | null = null;

  get(chat: string): Draft {
    return this.#drafts.get(chat) ?? { text: "", replyTo: null };
  }

  set(chat: string, draft: Draft): void {
    this.#drafts.delete(chat);
    if (draft.text === "" && draft.replyTo === null) return;
    this.#drafts.set(chat, draft);
    if (this.#drafts.size <= DRAFT_CAP) return;
    const oldest = this.#drafts.keys().next();
    if (!oldest.done) this.#drafts.delete(oldest.value);
  }

  /** Puts words that could not be sent in front of what was written since. */
  putBack(chat: string, failed: Draft): void {
    const now = this.get(chat);
    const draft = { text: now.text === "" ? failed.text : `${failed.text}\n${now.text}`, replyTo: now.replyTo ?? failed.replyTo };
    this.set(chat, draft);
    if (this.#watch?.chat === chat) this.#watch.changed(draft);
  }

  /** The composer that is open learns of what is put back. Returns how to stop. */
  watch(chat: string, changed: (draft: Draft) => void): () => void {
    const mine = { chat, changed };
    this.#watch = mine;
    return () => {
      if (this.#watch === mine) this.#watch = null;
    };
  }

  clear(): void {
    this.#drafts.clear();
  }
}
