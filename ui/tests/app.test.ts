import { waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { asIpcError, type Event } from "../src/ipc";
import { App, RETRY_AFTER } from "../src/state/app.svelte";
import { DRAFT_CAP, Drafts } from "../src/state/drafts";
import { HELD_CAP, Loads } from "../src/state/loads";
import { Reading, READING_TIME, seenOf } from "../src/state/reading";
import { connected, ready } from "./kit";

describe("the connection", () => {
  test("events that arrive before the snapshot are applied after it", async () => {
    const backend = ready();
    const subscribe = backend.subscribe.bind(backend);
    vi.spyOn(backend, "subscribe").mockImplementation(async (onEvent) => {
      const snapshot = await subscribe(onEvent);
      backend.emit({ type: "chat_removed", id: snapshot.chats[0]?.id ?? "" });
      return snapshot;
    });
    const app = await connected(backend);
    expect(app.state.chats).toHaveLength(backend.chats.length - 1);
    expect(app.state.seq).toBe(1);
  });

  test("a gap subscribes again, and the old channel is not listened to any more", async () => {
    const backend = ready();
    let first: (event: Event) => void = () => undefined;
    const subscribe = backend.subscribe.bind(backend);
    vi.spyOn(backend, "subscribe").mockImplementationOnce((onEvent) => {
      first = onEvent;
      return subscribe(onEvent);
    });
    const app = await connected(backend);
    backend.seq += 1;
    backend.emit({ type: "request_removed", id: "none" });
    await waitFor(() => expect(app.state.seq).toBe(backend.seq));
    expect(backend.calls.filter(([name]) => name === "subscribe")).toHaveLength(2);
    first({ seq: app.state.seq + 1, account: null, type: "chat_removed", id: app.state.chats[0]?.id ?? "" });
    expect(app.state.chats).toHaveLength(backend.chats.length);
  });

  test("a backend that does not answer is a fault that can be tried again", async () => {
    const backend = ready();
    vi.spyOn(backend, "subscribe").mockRejectedValueOnce({ code: "already_running", message: "Murmel is open already.", retryable: true });
    const app = await connected(backend);
    expect(app.fault?.message).toBe("Murmel is open already.");
    await app.connect();
    expect(app.fault).toBeNull();
    expect(app.state.session?.state).toBe("ready");
  });

  test("the one conversation of a try-out is open at once, and stays closed once it was closed", async () => {
    const backend = ready();
    backend.chats = backend.chats.slice(0, 1);
    if (backend.session.state !== "ready") throw new Error("the fake has another session");
    backend.session = { ...backend.session, account: { ...backend.session.account, try_it: true } };
    const app = await connected(backend);
    expect(app.state.openChat).toBe(backend.chats[0]?.id);
    app.open(null);
    await app.connect();
    expect(app.state.openChat).toBeNull();
  });

  test("the backend is told which chat is open", async () => {
    const backend = ready();
    const app = await connected(backend);
    const chat = app.state.chats[0]?.id ?? "";
    app.open(chat);
    app.open(null);
    expect(backend.calls.filter(([name]) => name === "setOpenChat")).toEqual([
      ["setOpenChat", null],
      ["setOpenChat", chat],
      ["setOpenChat", null],
    ]);
  });

  test("a backend that still has the open chat of the page before hears that none is open", async () => {
    const backend = ready();
    await connected(backend);
    expect(backend.calls).toContainEqual(["setOpenChat", null]);
  });

  test("one connection is made at a time, and who asked meanwhile gets what came after", async () => {
    const backend = ready();
    const subscribe = backend.subscribe.bind(backend);
    let running = 0;
    let most = 0;
    const spy = vi.spyOn(backend, "subscribe").mockImplementation(async (onEvent) => {
      running += 1;
      most = Math.max(most, running);
      const snapshot = await subscribe(onEvent);
      running -= 1;
      return snapshot;
    });
    const app = new App(backend);
    await Promise.all([app.connect(), app.connect(), app.connect()]);
    expect(most).toBe(1);
    expect(spy).toHaveBeenCalledTimes(2);
    await app.connect();
    expect(spy).toHaveBeenCalledTimes(3);
  });

  test("a connection that failed after a gap is a fault, and is made again by itself", async () => {
    const backend = ready();
    const app = await connected(backend);
    vi.useFakeTimers();
    vi.spyOn(backend, "subscribe").mockRejectedValueOnce({ code: "storage", message: "The disk did not answer.", retryable: true });
    backend.seq += 1;
    backend.emit({ type: "request_removed", id: "none" });
    await vi.advanceTimersByTimeAsync(0);
    expect(app.fault?.message).toBe("The disk did not answer.");
    expect(app.state.stale).toBe(true);
    await vi.advanceTimersByTimeAsync(RETRY_AFTER);
    vi.useRealTimers();
    expect(app.fault).toBeNull();
    expect(app.state).toMatchObject({ stale: false, seq: backend.seq });
  });

  test("a message that arrives in the open chat is in its timeline", async () => {
    const backend = ready();
    const app = await connected(backend);
    const chat = app.state.chats[0]?.id ?? "";
    app.open(chat);
    await waitFor(() => expect(app.state.timeline).not.toBeNull());
    const message = backend.receive(chat, "Are you there?");
    expect(app.state.timeline?.messages.at(-1)).toEqual(message);
    expect(app.state.chats[0]).toMatchObject({ id: chat, unread: 1 });
  });

  test("opens at the divider even when it lies some pages back", async () => {
    const backend = ready();
    const app = await connected(backend);
    const chat = app.state.chats[0]?.id ?? "";
    for (let at = 0; at < 150; at += 1) backend.receive(chat, `message ${at}`);
    app.open(chat);
    await waitFor(() => expect(app.state.timeline).not.toBeNull());
    const { messages, firstUnread, unreadCount } = app.state.timeline ?? { messages: [], firstUnread: 0, unreadCount: 0 };
    expect(messages.some((message) => message.id === firstUnread)).toBe(true);
    expect(unreadCount).toBe(150);
  });

  test("a choice that could not be saved is taken back", async () => {
    const backend = ready();
    const app = new App(backend);
    await app.connect();
    vi.spyOn(backend, "setSettings").mockRejectedValue({ code: "storage", message: "No.", retryable: false });
    await app.setSettings({ ...app.state.settings, who_may_add_me: "nobody" });
    expect(app.state.settings.who_may_add_me).toBe("anyone");
  });
});

describe("what happens while an answer is on its way", () => {
  async function opening() {
    const backend = ready();
    const app = await connected(backend);
    const chat = app.state.chats[0]?.id ?? "";
    return { backend, app, chat };
  }

  /** Takes the answer at once and hands it over only when told. */
  function late<K extends "timeline" | "group">(backend: ReturnType<typeof ready>, name: K) {
    const ask = backend[name].bind(backend) as (...args: unknown[]) => Promise<unknown>;
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    vi.spyOn(backend, name as "timeline").mockImplementationOnce(async (...args) => {
      const answer = await ask(...args);
      await gate;
      return answer as Awaited<ReturnType<typeof backend.timeline>>;
    });
    return () => go();
  }

  test("a message that arrives while the conversation opens is in it", async () => {
    const { backend, app, chat } = await opening();
    const go = late(backend, "timeline");
    app.open(chat);
    await Promise.resolve();
    const message = backend.receive(chat, "In between");
    expect(app.state.timeline).toBeNull();
    go();
    await waitFor(() => expect(app.state.timeline?.messages.at(-1)).toEqual(message));
  });

  test("a state that moves while the conversation is loaded again is not taken back", async () => {
    const { backend, app, chat } = await opening();
    app.open(chat);
    await waitFor(() => expect(app.state.timeline).not.toBeNull());
    const sent = await backend.send({ chat, text: "Off you go", reply_to: null });
    const go = late(backend, "timeline");
    const loaded = app.reloadTimeline();
    await Promise.resolve();
    backend.emit({ type: "message", message: { ...sent, state: { state: "failed", cause: "refused", reason: "every relay refused it" } } });
    go();
    await loaded;
    expect(app.state.timeline?.messages.find((one) => one.id === sent.id)?.state.state).toBe("failed");
  });

  test("a change of an older message while its page is on its way is in the page", async () => {
    const backend = ready();
    backend.fill(200);
    const app = await connected(backend);
    const chat = "a1".repeat(16);
    app.open(chat);
    await waitFor(() => expect(app.state.timeline?.older ?? null).not.toBeNull());
    const all = backend.messages.get(chat) ?? [];
    const edge = all.findIndex((one) => one.id === app.state.timeline?.messages[0]?.id);
    const older = all[edge - 1];
    if (older?.kind.type !== "text") throw new Error("no older message");
    const go = late(backend, "timeline");
    const loaded = app.loadOlder();
    await Promise.resolve();
    backend.emit({ type: "message", message: { ...older, kind: { ...older.kind, text: "changed", edited: true } } });
    go();
    await loaded;
    expect(app.state.timeline?.messages.find((one) => one.id === older.id)?.kind).toMatchObject({ text: "changed" });
  });

  test("a change of the group while its details are on their way is in them", async () => {
    const { backend, app, chat } = await opening();
    const go = late(backend, "group");
    app.open(chat);
    await Promise.resolve();
    await backend.rename(chat, "Hut weekend");
    go();
    await new Promise((resolve) => setTimeout(resolve));
    expect(app.state.group?.name).toBe("Hut weekend");
  });

  test("an answer from before a gap does not undo what the new connection brought", async () => {
    const { backend, app, chat } = await opening();
    const go = late(backend, "group");
    app.open(chat);
    await Promise.resolve();
    const group = await backend.group(chat);
    backend.groups.set(chat, { ...group, name: "Missed" });
    backend.seq += 1;
    backend.emit({ type: "request_removed", id: "none" });
    await waitFor(() => expect(app.state.group?.name).toBe("Missed"));
    go();
    await new Promise((resolve) => setTimeout(resolve));
    expect(app.state.group?.name).toBe("Missed");
  });

  test("more than is kept is noticed", async () => {
    const { backend, chat } = await opening();
    const message = backend.receive(chat, "One of many");
    const loads = new Loads();
    const load = loads.begin(chat);
    for (let id = 0; id < HELD_CAP; id += 1) loads.see({ seq: id, account: null, type: "message", message: { ...message, id } });
    expect(load.missed).toBe(false);
    loads.see({ seq: 0, account: null, type: "message", message: { ...message, id: HELD_CAP } });
    expect(load.messages.size).toBe(HELD_CAP);
    expect(load.missed).toBe(true);
  });
});

describe("errors", () => {
  test("keep their code and words; anything else becomes an internal one", () => {
    const error = { code: "offline", message: "No relay.", retryable: true } as const;
    expect(asIpcError(error)).toEqual(error);
    expect(asIpcError("command not found")).toMatchObject({ code: "internal", message: "command not found" });
    expect(asIpcError(undefined).message).not.toBe("");
  });
});

describe("drafts", () => {
  test("the one touched longest ago goes when there are too many", () => {
    const drafts = new Drafts();
    for (let at = 0; at <= DRAFT_CAP; at += 1) drafts.set(`chat ${at}`, { text: `${at}`, replyTo: null, edit: null });
    expect(drafts.get("chat 0").text).toBe("");
    expect(drafts.get("chat 1").text).toBe("1");
  });
});

describe("M7: reading", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const seen = (id: number) => ({ id, cursor: { at: 7, tie: 0, seq: id }, arrival: id });

  function reader() {
    const marked: number[] = [];
    const window = { focused: true };
    return { marked, window, reading: new Reading((id) => marked.push(id), () => window.focused) };
  }

  test("a message is read after one second, not before, and once", () => {
    const { marked, reading } = reader();
    reading.see(seen(5));
    vi.advanceTimersByTime(READING_TIME - 1);
    expect(marked).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(marked).toEqual([5]);
    reading.see(seen(5));
    vi.advanceTimersByTime(READING_TIME * 3);
    expect(marked).toEqual([5]);
  });

  test("what came last is read where it stands above the last message, once", () => {
    const { marked, reading } = reader();
    const at = (id: number, time: number) => ({ id, cursor: { at: time, tie: 0, seq: id } });
    reading.see(seenOf([at(1, 10), at(2, 30)]));
    vi.advanceTimersByTime(READING_TIME);
    reading.see(seenOf([at(1, 10), at(3, 20), at(2, 30)]));
    vi.advanceTimersByTime(READING_TIME);
    // The same message again: the backend knows what stands above it.
    expect(marked).toEqual([2, 2]);
    reading.see(seenOf([at(1, 10), at(3, 20), at(2, 30)]));
    vi.advanceTimersByTime(READING_TIME);
    expect(marked).toEqual([2, 2]);
    expect(seenOf([])).toBeNull();
  });

  test("nothing is read in a window without focus", () => {
    const { marked, window, reading } = reader();
    window.focused = false;
    reading.see(seen(5));
    vi.advanceTimersByTime(READING_TIME * 2);
    expect(marked).toEqual([]);
  });

  test("a window that loses the focus within the second has read nothing", () => {
    const { marked, window, reading } = reader();
    reading.see(seen(5));
    vi.advanceTimersByTime(READING_TIME / 2);
    window.focused = false;
    reading.stop();
    vi.advanceTimersByTime(READING_TIME * 2);
    expect(marked).toEqual([]);
  });

  test("messages that keep coming do not put off the reading", () => {
    const { marked, reading } = reader();
    for (let id = 1; id <= 5; id += 1) {
      reading.see(seen(id));
      vi.advanceTimersByTime(READING_TIME / 2);
    }
    vi.advanceTimersByTime(READING_TIME * 2);
    expect(marked[0]).toBe(1);
    expect(marked.at(-1)).toBe(5);
  });

  test("scrolling back before the second is over leaves the newer ones unread", () => {
    const { marked, reading } = reader();
    reading.see(seen(9));
    vi.advanceTimersByTime(READING_TIME / 2);
    reading.see(seen(3));
    vi.advanceTimersByTime(READING_TIME);
    expect(marked).toEqual([3]);
  });
});
