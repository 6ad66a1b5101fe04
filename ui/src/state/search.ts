// Owns what a search for words finds, group by group.
// Never shows it.
import type { ChatRow, Cursor, PersonView, SearchPage } from "../ipc";
import type { App } from "./app.svelte";
import { fold } from "./list.svelte";

/** Chats and people listed at most. */
export const GROUP_CAP = 20;

/** Chats whose name has the words; those with them at the beginning of a word come first. */
export function chatsWith(chats: ChatRow[], words: string): ChatRow[] {
  const wanted = fold(words);
  const begins = (row: ChatRow) => fold(row.name).split(/[\s,]+/u).some((word) => word.startsWith(wanted));
  const found = chats.filter((row) => fold(row.name).includes(wanted));
  return [...found.filter(begins), ...found.filter((row) => !begins(row))].slice(0, GROUP_CAP);
}

/** People known here; those blocked and oneself are left out. Nobody is asked. */
export async function peopleWith(app: App, words: string): Promise<PersonView[]> {
  const found = await app.backend.findPeople(words);
  return found.filter((one) => !one.is_me && !one.is_blocked).slice(0, GROUP_CAP);
}

/** Messages asked for at once. */
const PAGE = 20;

/** Messages with these words, newest first; in one chat where one is named. */
export function messagesWith(app: App, text: string, chat: string | null, before: Cursor | null = null): Promise<SearchPage> {
  return app.backend.search({ text, chat, person: null, since: null, until: null, before, limit: PAGE });
}
