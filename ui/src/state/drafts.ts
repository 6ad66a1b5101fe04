// Owns what was typed and not sent yet, one draft for each chat; the backend keeps it, encrypted, over a restart.
// Never writes anything itself.
import type { Draft as Kept } from "../ipc";

/** What the composer of one chat holds. */
export interface Draft {
  text: string;
  replyTo: number | null;
  /** A message of one's own that is being changed; the new message stays beside it. */
  edit: { message: number; text: string } | null;
}

/** Drafts kept at once; beyond it the one that was touched longest ago goes. */
export const DRAFT_CAP = 200;
/** How long nothing may be typed before a draft is kept, in milliseconds. */
export const KEEP_AFTER = 400;

export const EMPTY: Draft = { text: "", replyTo: null, edit: null };

function isEmpty(draft: Draft): boolean {
  return draft.text === "" && draft.replyTo === null && draft.edit === null;
}

export class Drafts {
  #drafts = new Map<string, Draft>();
  #watch: { chat: string; changed: (draft: Draft) => void } | null = null;
  #waiting = new Map<string, ReturnType<typeof setTimeout>>();
  /** Chats whose draft was asked for, or written here: what the backend says then is older. */
  #known = new Set<string>();

  constructor(
    readonly keep: (chat: string, draft: Kept) => Promise<void> = async () => undefined,
    readonly kept: (chat: string) => Promise<Kept> = async () => ({ text: "", reply_to: null, edit: null }),
  ) {}

  get(chat: string): Draft {
    return this.#drafts.get(chat) ?? EMPTY;
  }

  set(chat: string, draft: Draft): void {
    this.#known.add(chat);
    this.#put(chat, draft);
    clearTimeout(this.#waiting.get(chat));
    // What was sent or thrown away must not come back.
    this.#waiting.set(chat, setTimeout(() => this.#save(chat), isEmpty(draft) ? 0 : KEEP_AFTER));
  }

  #put(chat: string, draft: Draft): void {
    this.#drafts.delete(chat);
    if (isEmpty(draft)) return;
    this.#drafts.set(chat, draft);
    if (this.#drafts.size <= DRAFT_CAP) return;
    const oldest = this.#drafts.keys().next();
    if (oldest.done) return;
    this.#drafts.delete(oldest.value);
    this.#known.delete(oldest.value);
  }

  #save(chat: string): void {
    clearTimeout(this.#waiting.get(chat));
    this.#waiting.delete(chat);
    const { text, replyTo, edit } = this.get(chat);
    void this.keep(chat, { text, reply_to: replyTo, edit }).catch(() => undefined);
  }

  /** Keeps at once what waits: the window is about to go, or the chat was left. */
  flush(): void {
    for (const chat of [...this.#waiting.keys()]) this.#save(chat);
  }

  /** Fetches what was kept before this window was there. */
  async load(chat: string): Promise<void> {
    if (this.#known.has(chat)) return;
    this.#known.add(chat);
    try {
      const { text, reply_to, edit } = await this.kept(chat);
      if (this.#waiting.has(chat) || this.#drafts.has(chat)) return;
      const draft = { text, replyTo: reply_to, edit };
      this.#put(chat, draft);
      if (!isEmpty(draft) && this.#watch?.chat === chat) this.#watch.changed(draft);
    } catch {
      this.#known.delete(chat);
    }
  }

  /** Puts words that could not be sent in front of what was written since. */
  putBack(chat: string, failed: { text: string; replyTo: number | null }): void {
    const now = this.get(chat);
    const draft = { ...now, text: now.text === "" ? failed.text : `${failed.text}\n${now.text}`, replyTo: now.replyTo ?? failed.replyTo };
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
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    this.#drafts.clear();
    this.#known.clear();
  }
}
