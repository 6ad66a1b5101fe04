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

  clear(): void {
    this.#drafts.clear();
  }
}
