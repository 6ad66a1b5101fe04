import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";
import Composer from "../src/parts/Composer.svelte";
import Main from "../src/screens/Main.svelte";
import { byId, connected, maybe, ready, show } from "./kit";

/** The window with the fake's conversation open. */
async function open() {
  const backend = ready();
  const app = await connected(backend);
  const chat = app.state.chats[0];
  if (chat === undefined || app.state.session?.state !== "ready") throw new Error("no chat");
  app.open(chat.id);
  await waitFor(() => expect(app.state.timeline).not.toBeNull());
  show(app, Main, { account: app.state.session.account });
  const texts = (app.state.timeline?.messages ?? []).filter((one) => one.kind.type === "text" && !one.kind.deleted);
  const own = texts.findLast((one) => one.mine);
  if (own === undefined || own.kind.type !== "text") throw new Error("nothing of one's own");
  return { backend, app, chat: chat.id, own, ownText: own.kind.text, texts };
}

const field = () => byId("composer") as HTMLTextAreaElement;
const write = (value: string) => fireEvent.input(field(), { target: { value } });
const called = (calls: [string, ...unknown[]][], name: string) => calls.filter(([one]) => one === name).map(([, ...args]) => args);

describe("changing what one wrote", () => {
  test("Up in an empty composer takes the last own message, Enter saves it, and what was being written is there again", async () => {
    const { backend, own, ownText } = await open();
    await fireEvent.keyDown(field(), { key: "ArrowUp" });
    expect(field().value).toBe(ownText);
    await write("better words");
    await fireEvent.keyDown(field(), { key: "Enter" });
    await waitFor(() => expect(called(backend.calls, "edit")).toEqual([[own.id, "better words"]]));
    await waitFor(() => expect(field().value).toBe(""));
  });

  test("Esc leaves the message as it was", async () => {
    const { backend, ownText } = await open();
    await fireEvent.keyDown(field(), { key: "ArrowUp" });
    await write(`${ownText} and more`);
    await fireEvent.keyDown(field(), { key: "Escape" });
    expect(field().value).toBe("");
    expect(called(backend.calls, "edit")).toEqual([]);
  });

  test("a text that did not change is not sent", async () => {
    const { backend } = await open();
    await fireEvent.keyDown(field(), { key: "ArrowUp" });
    await fireEvent.keyDown(field(), { key: "Enter" });
    await waitFor(() => expect(maybe("composer-edit")).toBeNull());
    expect(called(backend.calls, "edit")).toEqual([]);
  });
});

describe("writing", () => {
  test("Ctrl+B puts marks around what is chosen", async () => {
    await open();
    await write("so bold");
    field().setSelectionRange(3, 7);
    await fireEvent.keyDown(field(), { key: "b", ctrlKey: true });
    expect(field().value).toBe("so **bold**");
  });

  test("@ proposes members, and what is sent names the person by key", async () => {
    const { backend, app, chat } = await open();
    await waitFor(() => expect(app.state.group).not.toBeNull());
    const other = app.state.group?.members.find((one) => !one.is_me);
    if (other === undefined) throw new Error("nobody else");
    await write(`@${other.name.slice(0, 3)}`);
    field().setSelectionRange(4, 4);
    await fireEvent.keyUp(field(), { key: "x" });
    await waitFor(() => expect(byId("proposals").textContent).toContain(other.name));
    await fireEvent.keyDown(field(), { key: "Enter" });
    expect(field().value).toBe(`@${other.name} `);
    await write(`${field().value}hello`);
    await fireEvent.keyDown(field(), { key: "Enter" });
    await waitFor(() => expect(called(backend.calls, "send")).toEqual([[{ chat, text: `nostr:${other.npub} hello`, reply_to: null }]]));
  });

  test("Ctrl+Up chooses the message to answer, Esc gives it up", async () => {
    const { texts } = await open();
    await fireEvent.keyDown(field(), { key: "ArrowUp", ctrlKey: true });
    const last = texts.at(-1);
    expect(byId("composer-reply").textContent).toContain(last?.kind.type === "text" ? last.kind.text.slice(0, 10) : "");
    await fireEvent.keyDown(field(), { key: "Escape" });
    expect(maybe("composer-reply")).toBeNull();
  });

  test("a draft is kept by the backend and comes back in another window", async () => {
    const { backend, app, chat } = await open();
    await write("not finished");
    app.drafts.flush();
    await waitFor(async () => expect((await backend.draft(chat)).text).toBe("not finished"));
    const again = await connected(backend);
    document.body.replaceChildren();
    show(again, Composer, { chat, closed: null });
    await waitFor(() => expect(field().value).toBe("not finished"));
  });
});

describe("several messages", () => {
  test("are chosen, copied with their authors, and let go", async () => {
    const { backend, app, texts } = await open();
    const [first, second] = texts.slice(-2);
    if (first === undefined || second === undefined) throw new Error("too few");
    app.select(first.id);
    app.select(second.id);
    await waitFor(() => expect(byId("selection").textContent).toContain("2"));
    await fireEvent.click(byId("selection-copy"));
    await waitFor(() => expect(called(backend.calls, "copyText")).toHaveLength(1));
    expect(String(called(backend.calls, "copyText")[0]?.[0])).toContain(`${first.sender_name}: `);
    await waitFor(() => expect(maybe("selection")).toBeNull());
  });

  test("nothing is deleted before it is confirmed", async () => {
    const { backend, app, own } = await open();
    app.deleting = [own];
    await waitFor(() => expect(byId("confirm-dialog")).toBeTruthy());
    expect(called(backend.calls, "deleteMessage")).toEqual([]);
    await fireEvent.click(byId("confirm"));
    await waitFor(() => expect(called(backend.calls, "deleteMessage")).toEqual([[own.id]]));
  });
});

test("a link is opened only after its host was shown", async () => {
  const { backend, app } = await open();
  app.link = { href: "https://example.org/a?b", host: "example.org" };
  await waitFor(() => expect(byId("link-host").textContent).toBe("example.org"));
  expect(called(backend.calls, "openLink")).toEqual([]);
  await fireEvent.click(byId("link-open"));
  await waitFor(() => expect(called(backend.calls, "openLink")).toEqual([["https://example.org/a?b"]]));
});

describe("searching in a conversation", () => {
  test("asks once for what was typed, says which hit it is, and goes from the newest to the older ones", async () => {
    const { backend, app } = await open();
    const ask = vi.spyOn(backend, "search");
    await fireEvent.click(byId("conversation-search-open"));
    await fireEvent.input(byId("conversation-search-field"), { target: { value: "train" } });
    await waitFor(() => expect(byId("conversation-search-count").textContent).toMatch(/^1.*3/u));
    const first = app.state.target?.message;
    await fireEvent.keyDown(byId("conversation-search-field"), { key: "Enter" });
    await waitFor(() => expect(byId("conversation-search-count").textContent).toMatch(/^2.*3/u));
    expect(app.state.target?.message).toBeLessThan(first ?? 0);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(ask).toHaveBeenCalledTimes(1);
    await fireEvent.keyDown(byId("conversation-search-field"), { key: "Escape" });
    await waitFor(() => expect(maybe("conversation-search")).toBeNull());
  });
});

describe("details of a message", () => {
  test("of somebody else: from whom, when it was sent and when it came, and who reacted", async () => {
    const { app, backend, texts } = await open();
    const theirs = texts.findLast((one) => !one.mine);
    if (theirs === undefined) throw new Error("nothing of others");
    const asked = vi.spyOn(backend, "delivery");
    await backend.react(theirs.id, "🎉");
    app.deliveryOf = theirs.id;
    await waitFor(() => expect(byId("delivery-reaction").textContent).toMatch(/🎉.*you/iu));
    expect(byId("delivery").textContent).toContain(theirs.sender_name);
    expect(maybe("delivery-received")).not.toBeNull();
    expect(maybe("delivery-row")).toBeNull();
    expect(asked).not.toHaveBeenCalled();
  });

  test("an edited message leads to its earlier texts", async () => {
    const { app, backend, own } = await open();
    await backend.edit(own.id, "said better");
    app.deliveryOf = own.id;
    await waitFor(() => expect(maybe("delivery-history")).not.toBeNull());
    await fireEvent.click(byId("delivery-history"));
    await waitFor(() => expect(document.querySelectorAll("[data-testid=revision]")).toHaveLength(2));
  });
});

describe("choosing several messages", () => {
  test("with Shift everything between is chosen", async () => {
    const { app, texts } = await open();
    const [a, b] = [texts.at(-5), texts.at(-1)];
    if (a === undefined || b === undefined) throw new Error("too few messages");
    app.select(a.id);
    app.select(b.id, true);
    expect(app.selection?.size).toBeGreaterThanOrEqual(5);
    app.select(b.id);
    expect(app.selection?.has(b.id)).toBe(false);
    expect(app.selection?.has(a.id)).toBe(true);
  });
});

describe("M2: where a conversation was left", () => {
  test("it is opened there, and at the end where that message is gone", async () => {
    const { app, backend, chat } = await open();
    const around = vi.spyOn(backend, "timelineAround");
    app.open(null);
    app.places.set(chat, { message: 12, top: 40 });
    app.open(chat);
    await waitFor(() => expect(app.state.timeline).not.toBeNull());
    expect(around).toHaveBeenCalledWith(chat, 12, expect.any(Number));
    app.open(null);
    app.places.set(chat, { message: 987_654, top: 40 });
    around.mockRejectedValueOnce({ code: "not_found", message: "gone", retryable: false });
    app.open(chat);
    await waitFor(() => expect(app.state.timeline?.newer).toBeNull());
    expect(app.notice).toBeNull();
  });
});
