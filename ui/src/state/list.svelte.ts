// Owns what the chat list shows: which filter, which words are searched for, who answered.
// Never changes a chat.
import type { ChatRow } from "../ipc";

export const FILTERS = ["all", "unread", "mentions", "archived"] as const;
export type Filter = (typeof FILTERS)[number];

/** Compared without case and accents. */
export function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

export function isUnread(row: ChatRow): boolean {
  return row.unread > 0 || row.marked_unread;
}

export function passes(row: ChatRow, filter: Filter): boolean {
  if (filter === "archived") return row.archived;
  if (row.archived) return false;
  if (filter === "unread") return isUnread(row);
  return filter === "all" || row.mentions > 0;
}

export class ListState {
  filter = $state<Filter>("all");
  typed = $state("");
  /** Kept in the list though the filter no longer lets it through: it was open when it was read. */
  held = $state<string | null>(null);

  get words(): string {
    return this.typed.trim();
  }

  choose(filter: Filter, open: string | null): void {
    this.filter = filter;
    this.held = open;
  }

  /** The rows in the order of the list. */
  rows(chats: ChatRow[]): ChatRow[] {
    return chats.filter((row) => passes(row, this.filter) || (row.id === this.held && !row.archived && this.filter !== "archived"));
  }
}
