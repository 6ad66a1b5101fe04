// Owns what can be done with a chat from the list.
// Never shows it: `Menu.svelte` does.
import type { ChatRow, MuteFor } from "../ipc";
import type { MenuItem } from "../parts/Menu.svelte";
import { say } from "../words/say.svelte";
import type { App } from "./app.svelte";
import { isUnread } from "./list.svelte";

const SPANS: MuteFor[] = ["hour", "eight_hours", "day", "week", "always"];

/** Reads a chat to its end without opening it. */
async function readAll(app: App, row: ChatRow): Promise<void> {
  if (row.unread > 0) {
    const { messages } = await app.backend.timeline(row.id, null, 1);
    const newest = messages.at(-1);
    if (newest !== undefined) await app.backend.markRead(row.id, newest.id);
  }
  if (row.marked_unread) await app.backend.markUnread(row.id, false);
}

/** Archives with the way back; an open chat is closed. */
export async function archive(app: App, row: ChatRow): Promise<void> {
  const pinned = row.pinned !== null;
  if (app.state.openChat === row.id) app.open(null);
  await app.undoable(
    () => app.backend.archive(row.id, true),
    say.list.archivedNow(row.name),
    async () => {
      await app.backend.archive(row.id, false);
      if (pinned) await app.backend.pin(row.id, true);
    },
  );
}

function movePin(app: App, row: ChatRow, step: 1 | -1): void {
  const order = app.state.chats.filter((one) => one.pinned !== null).map((one) => one.id);
  const at = order.indexOf(row.id);
  const other = order[at + step];
  if (other === undefined) return;
  const next = order.with(at + step, row.id).with(at, other);
  void app.attempt(() => app.backend.orderPins(next));
}

export function muteItems(app: App, row: ChatRow): MenuItem[] {
  return SPANS.map((span) => ({ id: `mute-${span}`, label: say.list.muteFor[span], act: () => app.attempt(() => app.backend.mute(row.id, span)) }));
}

export function chatItems(app: App, row: ChatRow, openDetails: () => void): MenuItem[] {
  const words = say.list;
  const { backend } = app;
  const items: MenuItem[] = [
    isUnread(row)
      ? { id: "read", label: words.markRead, icon: "check", act: () => app.attempt(() => readAll(app, row)) }
      : { id: "unread", label: words.markUnread, icon: "unread", act: () => app.attempt(() => backend.markUnread(row.id, true)) },
  ];
  if (!row.archived) {
    const pinned = row.pinned !== null;
    items.push({ id: "pin", label: pinned ? words.unpin : words.pin, icon: "pin", act: () => app.attempt(() => backend.pin(row.id, !pinned)) });
    const many = app.state.chats.filter((one) => one.pinned !== null).length;
    if (row.pinned !== null && row.pinned > 0) items.push({ id: "up", label: words.pinUp, act: () => movePin(app, row, -1) });
    if (row.pinned !== null && row.pinned < many - 1) items.push({ id: "down", label: words.pinDown, icon: "down", act: () => movePin(app, row, 1) });
  }
  items.push(
    row.muted === null
      ? { id: "mute", label: words.mute, icon: "mute", items: muteItems(app, row) }
      : { id: "unmute", label: words.unmute, icon: "mute", act: () => app.attempt(() => backend.mute(row.id, null)) },
    row.archived
      ? { id: "unarchive", label: words.unarchive, icon: "archive", act: () => app.attempt(() => backend.archive(row.id, false)) }
      : { id: "archive", label: words.archive, icon: "archive", act: () => archive(app, row) },
    { id: "details", label: words.detailsOf, icon: "panel", act: openDetails },
  );
  return items;
}
