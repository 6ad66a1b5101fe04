// Owns how messages become the rows of a timeline: dates, the unread divider, groups by sender.
// Never reads the clock.
import type { MessageView } from "../ipc";
import { dayOf } from "../words/time";

/** Consecutive messages of one person within this many seconds share one head. */
const GROUP_SECONDS = 300;

export type Row =
  | { type: "start"; key: string }
  | { type: "day"; key: string; at: number }
  | { type: "unread"; key: string; count: number }
  | {
      type: "message";
      key: string;
      message: MessageView;
      /** First and last of a run by one sender. */
      first: boolean;
      last: boolean;
      /** The newest own message: its state is written out. */
      newestOwn: boolean;
      /** It came later than messages that stand below it. */
      late: boolean;
    };

function joins(a: MessageView | undefined, b: MessageView): boolean {
  if (a === undefined || a.kind.type !== "text" || b.kind.type !== "text") return false;
  return a.sender === b.sender && b.at - a.at < GROUP_SECONDS && dayOf(a.at) === dayOf(b.at);
}

/** A message that came so many seconds after one below it came late. */
const LATE_SECONDS = 60;

/** Which messages were not there when somebody may have read what stands below them. */
function lateOnes(messages: MessageView[]): Set<number> {
  const late = new Set<number>();
  let earliest = Number.POSITIVE_INFINITY;
  for (const message of messages.toReversed()) {
    if (!message.mine && message.kind.type === "text" && message.received_at > earliest + LATE_SECONDS) late.add(message.id);
    if (message.kind.type === "text") earliest = Math.min(earliest, message.received_at);
  }
  return late;
}

/** `atStart` says that nothing older exists. */
export function rowsOf(messages: MessageView[], firstUnread: number | null, unreadCount: number, atStart: boolean): Row[] {
  const rows: Row[] = atStart ? [{ type: "start", key: "start" }] : [];
  const newestOwn = messages.findLast((message) => message.mine && message.kind.type === "text")?.id;
  const late = lateOnes(messages);
  messages.forEach((message, at) => {
    const before = messages[at - 1];
    const after = messages[at + 1];
    if (before === undefined || dayOf(before.at) !== dayOf(message.at)) {
      rows.push({ type: "day", key: `day-${message.id}`, at: message.at });
    }
    if (message.id === firstUnread) rows.push({ type: "unread", key: "unread", count: unreadCount });
    rows.push({
      type: "message",
      key: `message-${message.id}`,
      message,
      first: message.id === firstUnread || !joins(before, message),
      last: after === undefined || after.id === firstUnread || !joins(message, after),
      newestOwn: message.id === newestOwn,
      late: late.has(message.id),
    });
  });
  return rows;
}
