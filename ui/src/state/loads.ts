// Owns what happens to a chat while an answer about it is on its way.
// Never asks or applies anything itself.
import type { Event, GroupDetails, MessageView } from "../ipc";

/** Messages kept for one answer; with more than that the window connects afresh. */
export const HELD_CAP = 10_000;

/** An answer about one chat on its way. */
export interface Load {
  readonly chat: string;
  /** What came meanwhile, the last version of each. */
  readonly messages: Map<number, MessageView>;
  group: GroupDetails | null;
  /** More came than was kept. */
  missed: boolean;
}

export class Loads {
  readonly #loads = new Set<Load>();

  begin(chat: string): Load {
    const load: Load = { chat, messages: new Map(), group: null, missed: false };
    this.#loads.add(load);
    return load;
  }

  end(load: Load): void {
    this.#loads.delete(load);
  }

  /** Whether the answer is still wanted. */
  holds(load: Load): boolean {
    return this.#loads.has(load);
  }

  /** Makes every answer that is on its way unwanted. */
  drop(): void {
    this.#loads.clear();
  }

  see(event: Event): void {
    for (const load of this.#loads) {
      if (event.type === "group" && event.group.id === load.chat) load.group = event.group;
      if (event.type !== "message" || event.message.chat !== load.chat) continue;
      if (load.messages.size < HELD_CAP || load.messages.has(event.message.id)) load.messages.set(event.message.id, event.message);
      else load.missed = true;
    }
  }
}
