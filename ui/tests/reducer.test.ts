import { describe, expect, test } from "vitest";
import { usualNotifications } from "../src/ipc/fake-desktop";
import { updateStates } from "../src/ipc/fake-updates";
import { groupOf, me, requestOf, rowOf, talkMessages } from "../src/ipc/fake-data";
import type { Event, EventKind, MessageView, Snapshot } from "../src/ipc";
import { type AppState, initial, reduce, TIMELINE_CAP, TRIMMED } from "../src/state/reducer";
import { NOW } from "./kit";

const lake = groupOf("a1", "Lake", "", [me]);
const talk = talkMessages("a1", NOW);
const row = rowOf(lake, talk, 0);
const snapshot: Snapshot = {
  seq: 7,
  session: { state: "ready", account: { npub: me.npub, name: "", key_place: "keychain", try_it: false, other_clients: 0 } },
  accounts: [{ npub: me.npub, name: "", state: "open", unread: 0 }],
  current: me.npub,
  new_key_place: "keychain",
  lock_after: 0,
  chats: [{ ...row, id: "old", last_activity: 1 }, row],
  requests: [],
  setup: [],
  network: { relays: [], outbox: 0, catching_up: false },
  settings: { who_may_add_me: "anyone" },
  notifications: usualNotifications,
};
const started = reduce(initial, { type: "snapshot", snapshot });

function event(state: AppState, kind: EventKind, seq = state.seq + 1): AppState {
  return reduce(state, { type: "event", event: { seq, account: me.npub, ...kind } as Event });
}

function opened(messages: MessageView[] = talk.slice(-10), older = talk.at(-10)?.cursor ?? null): AppState {
  const open = reduce(started, { type: "open", chat: "a1" });
  return reduce(open, { type: "page", chat: "a1", unread: 0, page: { messages, older, newer: null, first_unread: null } });
}

function copy(message: MessageView | undefined, change: Partial<MessageView>): MessageView {
  if (message === undefined) throw new Error("no message");
  return { ...message, ...change };
}

describe("events", () => {
  test("chats stand by last activity, newest first", () => {
    expect(started.chats.map((chat) => chat.id)).toEqual(["a1", "old"]);
    const moved = event(started, { type: "chat", chat: { ...row, id: "old", last_activity: NOW + 5 } });
    expect(moved.chats.map((chat) => chat.id)).toEqual(["old", "a1"]);
  });

  test("messages whose time is over leave the open conversation and no other", () => {
    const before = opened();
    const [first, second] = before.timeline?.messages ?? [];
    const gone = [first?.id ?? 0];
    expect(event(before, { type: "messages_removed", chat: "other", messages: gone }).timeline).toBe(before.timeline);
    const after = event(before, { type: "messages_removed", chat: "a1", messages: gone });
    expect(after.timeline?.messages[0]).toBe(second);
    expect(after.timeline?.messages).toHaveLength((before.timeline?.messages.length ?? 0) - 1);
  });

  test("a gap in the sequence asks for a new subscription and changes nothing else", () => {
    const gap = event(started, { type: "chat_removed", id: "old" }, started.seq + 2);
    expect(gap.stale).toBe(true);
    expect(gap.chats).toHaveLength(2);
    expect(gap.seq).toBe(started.seq);
  });

  test("an event the snapshot already contains is not applied again", () => {
    expect(event(started, { type: "chat_removed", id: "old" }, started.seq)).toBe(started);
  });

  test("a session event asks for a new subscription", () => {
    const next = event(started, { type: "session", session: { state: "locked", npub: me.npub, key_place: "vault", recovery: false } });
    expect(next.stale).toBe(true);
    expect(next.session?.state).toBe("locked");
    expect(next.chats).toEqual([]);
  });

  test("what another account receives changes nothing here, even in a chat of the same id", () => {
    const open = opened();
    const message = copy(talk.at(-1), { id: 9_999 });
    const theirs = { seq: open.seq + 1, account: "npub1other", type: "message", message } as Event;
    const after = reduce(open, { type: "event", event: theirs });
    expect(after).toEqual({ ...open, seq: open.seq + 1 });
  });

  test("how the app gets newer is told by an event, and outlives a snapshot and a lock", () => {
    expect(started.updates).toBeNull();
    const updates = updateStates.available;
    const told = event(started, { type: "updates", updates });
    expect(told).toEqual({ ...started, seq: started.seq + 1, updates });
    expect(reduce(told, { type: "snapshot", snapshot }).updates).toBe(updates);
    expect(event(told, { type: "session", session: { state: "locked", npub: me.npub, key_place: "vault", recovery: false } }).updates).toBe(updates);
    expect(reduce(told, { type: "updates", updates: updateStates.newest })).toEqual({ ...told, updates: updateStates.newest });
  });

  test("the unread messages of another account show in the rail", () => {
    const entry = { npub: "npub1other", name: "Work", state: "open" as const, unread: 3 };
    const after = reduce(started, { type: "event", event: { seq: started.seq + 1, account: entry.npub, type: "account", entry } });
    expect(after.accounts.map((one) => one.unread)).toEqual([0, 3]);
    const again = reduce(after, { type: "event", event: { seq: after.seq + 1, account: entry.npub, type: "account", entry: { ...entry, unread: 0 } } });
    expect(again.accounts).toHaveLength(2);
  });

  test("another account takes the place of everything that was shown", () => {
    const other = { npub: "npub1other", name: "Work", key_place: "keychain" as const, try_it: false, other_clients: 0 };
    const next = reduce(opened(), { type: "event", event: { seq: started.seq + 1, account: null, type: "session", session: { state: "ready", account: other } } });
    expect([next.current, next.chats, next.openChat, next.timeline, next.stale]).toEqual(["npub1other", [], null, null, true]);
  });

  test("a snapshot after a gap clears it and keeps the open chat", () => {
    const gap = { ...opened(), stale: true };
    const again = reduce(gap, { type: "snapshot", snapshot: { ...snapshot, seq: 40 } });
    expect(again).toMatchObject({ stale: false, seq: 40, openChat: "a1" });
    expect(again.timeline?.messages).toHaveLength(10);
  });

  test("a snapshot without the open chat closes it", () => {
    const again = reduce(opened(), { type: "snapshot", snapshot: { ...snapshot, chats: [] } });
    expect(again.openChat).toBeNull();
    expect(again.timeline).toBeNull();
  });

  test("a chat that goes away while it is open is closed", () => {
    const gone = event(opened(), { type: "chat_removed", id: "a1" });
    expect(gone.openChat).toBeNull();
    expect(gone.chats.map((chat) => chat.id)).toEqual(["old"]);
  });

  test("a message that is taken back leaves the timeline, and only the one of its chat", () => {
    const before = opened();
    const first = before.timeline?.messages[0];
    if (first === undefined) throw new Error("no message");
    const gone = event(before, { type: "messages_removed", chat: "a1", messages: [first.id] });
    expect(gone.timeline?.messages.map((message) => message.id)).not.toContain(first.id);
    expect(gone.timeline?.messages).toHaveLength(9);
    expect(event(before, { type: "messages_removed", chat: "old", messages: [first.id] }).timeline).toBe(before.timeline);
  });

  test("requests are replaced by id and removed by id", () => {
    const request = requestOf(NOW);
    const once = event(started, { type: "request", request });
    const twice = event(once, { type: "request", request: { ...request, members: 12 } });
    expect(twice.requests).toEqual([{ ...request, members: 12 }]);
    expect(event(twice, { type: "request_removed", id: request.id }).requests).toEqual([]);
  });

  test("a link of the system names somebody, and the same link again does so again", () => {
    const once = event(started, { type: "open_person", person: "npub1x" });
    expect(once.person?.text).toBe("npub1x");
    expect(once.openChat).toBe(started.openChat);
    const again = event(once, { type: "open_person", person: "npub1x" });
    expect(again.person?.nonce).not.toBe(once.person?.nonce);
  });

  test("a click on a notification opens its chat at its message", () => {
    const next = event(started, { type: "open_chat", chat: "a1", message: 12 });
    expect(next.openChat).toBe("a1");
    expect(next.target?.message).toBe(12);
    const again = event(next, { type: "open_chat", chat: "a1", message: 12 });
    expect(again.target?.nonce).not.toBe(next.target?.nonce);
  });

  test("details of another group are not shown", () => {
    const state = event(opened(), { type: "group", group: { ...lake, id: "old" } });
    expect(state.group).toBeNull();
    expect(event(state, { type: "group", group: lake }).group).toEqual(lake);
  });
});

describe("the timeline", () => {
  test("a message of another chat leaves it alone", () => {
    const before = opened();
    const after = event(before, { type: "message", message: copy(talk[3], { id: 999, chat: "old" }) });
    expect(after.timeline).toBe(before.timeline);
  });

  test("a changed message takes its own place", () => {
    const before = opened();
    const message = copy(before.timeline?.messages[4], { state: { state: "failed", cause: "refused", reason: "no" } });
    const after = event(before, { type: "message", message });
    expect(after.timeline?.messages[4]).toEqual(message);
    expect(after.timeline?.messages).toHaveLength(10);
  });

  test("a new message goes to the end, a late one where it belongs", () => {
    const last = talk.at(-1);
    const fresh = copy(last, { id: 900, cursor: { at: NOW + 9, tie: 0, seq: 900 } });
    const late = copy(last, { id: 901, cursor: { at: (talk.at(-3)?.cursor.at ?? 0) + 1, tie: 0, seq: 901 } });
    const both = event(event(opened(), { type: "message", message: fresh }), { type: "message", message: late });
    expect(both.timeline?.messages.map((message) => message.id).slice(-4)).toEqual([901, talk.at(-2)?.id, talk.at(-1)?.id, 900]);
  });

  test("a message older than what is loaded waits for its page", () => {
    const after = event(opened(), { type: "message", message: copy(talk[0], { id: 902 }) });
    expect(after.timeline?.messages.map((message) => message.id)).not.toContain(902);
  });

  test("older pages come before, without doubles", () => {
    const before = opened();
    const page = { messages: talk.slice(0, -8), older: null, newer: null, first_unread: null };
    const after = reduce(before, { type: "older_page", chat: "a1", page });
    expect(after.timeline?.messages.map((message) => message.id)).toEqual(talk.map((message) => message.id));
    expect(after.timeline?.older).toBeNull();
  });

  test("a page for a chat that was left meanwhile is dropped", () => {
    const left = reduce(opened(), { type: "open", chat: "old" });
    const page = { messages: talk, older: null, newer: null, first_unread: null };
    expect(reduce(left, { type: "page", chat: "a1", unread: 0, page }).timeline).toBeNull();
    expect(reduce(left, { type: "older_page", chat: "a1", page }).timeline).toBeNull();
  });

  test("loading the open conversation again keeps the divider and what was read back", () => {
    const first = reduce(started, { type: "open", chat: "a1" });
    const page = { messages: talk.slice(-10), older: talk.at(-10)?.cursor ?? null, newer: null, first_unread: talk.at(-2)?.id ?? null };
    const once = reduce(first, { type: "page", chat: "a1", unread: 2, page });
    const back = reduce(once, { type: "older_page", chat: "a1", page: { messages: talk.slice(0, -10), older: null, newer: null, first_unread: null } });
    const again = reduce(back, { type: "page", chat: "a1", unread: 0, page: { ...page, newer: null, first_unread: null } });
    expect(again.timeline).toMatchObject({ firstUnread: talk.at(-2)?.id, unreadCount: 2, older: null });
    expect(again.timeline?.messages).toHaveLength(talk.length);
  });

  test("lets go of the end that is farther from what is read, and knows that there is more", () => {
    const many = Array.from({ length: TRIMMED + 500 }, (_, at) => copy(talk[5], { id: 10_000 + at, cursor: { at, tie: 0, seq: at } }));
    const full = opened(many, null);
    const upper = reduce(full, { type: "trim", chat: "a1", around: 10_010 });
    expect(upper.timeline?.messages).toHaveLength(TRIMMED);
    expect(upper.timeline).toMatchObject({ older: null, newer: { at: TRIMMED - 1 } });
    const lower = reduce(full, { type: "trim", chat: "a1", around: 10_000 + TRIMMED + 490 });
    expect(lower.timeline?.messages[0]?.id).toBe(10_500);
    expect(lower.timeline).toMatchObject({ older: { at: 500 }, newer: null });
    expect(reduce(lower, { type: "trim", chat: "a1", around: 10_600 })).toEqual(lower);
    expect(reduce(full, { type: "trim", chat: "other", around: 10_010 })).toBe(full);
  });

  test("stays under its cap at both ends", () => {
    const many = Array.from({ length: TIMELINE_CAP }, (_, at) => copy(talk[5], { id: 10_000 + at, cursor: { at, tie: 0, seq: at } }));
    const full = opened(many, { at: 0, tie: 0, seq: 0 });
    const next = copy(talk[5], { id: 99_999, cursor: { at: NOW, tie: 0, seq: 1 } });
    const appended = event(full, { type: "message", message: next });
    expect(appended.timeline?.messages).toHaveLength(TIMELINE_CAP);
    expect(appended.timeline?.messages.at(-1)?.id).toBe(99_999);
    expect(appended.timeline?.older).toEqual({ at: 1, tie: 0, seq: 1 });

    const older = copy(talk[5], { id: 1, cursor: { at: -1, tie: 0, seq: 0 } });
    const prepended = reduce(full, { type: "older_page", chat: "a1", page: { messages: [older], older: null, newer: null, first_unread: null } });
    expect(prepended.timeline?.messages).toHaveLength(TIMELINE_CAP);
    expect(prepended.timeline?.messages[0]?.id).toBe(1);
    expect(prepended.timeline?.newer).not.toBeNull();
    const unseen = event(prepended, { type: "message", message: next });
    expect(unseen.timeline?.messages.at(-1)?.id).not.toBe(99_999);
  });
});
