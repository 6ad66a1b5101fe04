import { waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { asIpcError, type Event } from "../src/ipc";
import { App } from "../src/state/app.svelte";
import { DRAFT_CAP, Drafts } from "../src/state/drafts";
import { Reading, READING_TIME } from "../src/state/reading";
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
    first({ seq: app.state.seq + 1, type: "chat_removed", id: app.state.chats[0]?.id ?? "" });
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
    expect(backend.calls.filter(([name]) => name === "setOpenChat")).toEqual([["setOpenChat", chat], ["setOpenChat", null]]);
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
    await app.setSettings({ notification_text: false });
    expect(app.state.settings.notification_text).toBe(true);
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
    for (let at = 0; at <= DRAFT_CAP; at += 1) drafts.set(`chat ${at}`, { text: `${at}`, replyTo: null });
    expect(drafts.get("chat 0").text).toBe("");
    expect(drafts.get("chat 1").text).toBe("1");
  });
});

describe("reading", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const seen = (id: number) => ({ id, cursor: { at: 7, seq: id } });

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
