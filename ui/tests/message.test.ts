import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import type { MessageState, MessageView, Unsent } from "../src/ipc";
import DeliveryDialog from "../src/parts/DeliveryDialog.svelte";
import MessageRow from "../src/parts/MessageRow.svelte";
import { byId, connected, maybe, ready, show } from "./kit";

type Text = MessageView["kind"] & { type: "text" };

async function message(change: Partial<MessageView> = {}, text: Partial<Text> = {}) {
  const backend = ready();
  const app = await connected(backend);
  const chat = app.state.chats[0]?.id ?? "";
  const own = [...(backend.messages.get(chat) ?? [])].find((one) => one.mine);
  if (own === undefined || own.kind.type !== "text") throw new Error("no own message");
  const view: MessageView = { ...own, ...change, kind: { ...own.kind, ...text } };
  const replies: MessageView[] = [];
  const row = { type: "message" as const, key: "m", message: view, first: true, last: true, newestOwn: true, late: false };
  show(app, MessageRow, { row, lit: false, found: "", onedit: () => undefined, onreply: (one: MessageView) => replies.push(one), onquote: () => undefined });
  return { backend, app, view, replies };
}

describe("M12: the state of an own message", () => {
  test.each<[MessageState, string]>([
    [{ state: "queued" }, "Queued"],
    [{ state: "sent", accepted: 2, relays: 3 }, "Sent to 2 of 3 relays"],
    [{ state: "failed", cause: "refused", reason: "every relay refused it" }, "Not sent: every relay refused it"],
  ])("%j is written out", async (state, words) => {
    await message({ state });
    expect(byId("message-state").textContent?.trim()).toBe(words);
    expect(byId("message").dataset.state).toBe(state.state);
  });

  test("a failed one offers Retry, which asks the backend for that message", async () => {
    const { backend, view } = await message({ state: { state: "failed", cause: "refused", reason: "no" } });
    await fireEvent.click(byId("message-retry"));
    await waitFor(() => expect(backend.calls).toContainEqual(["retry", view.id]));
  });

  test.each<[Unsent, boolean]>([
    ["left_out", true],
    ["other_branch", true],
    ["ended", false],
    ["rejoined", false],
  ])("one that was not sent because of %s offers Retry: %s", async (cause, offered) => {
    await message({ state: { state: "failed", cause, reason: "no" } });
    expect(maybe("message-retry") !== null).toBe(offered);
  });

  test("what the group went on without offers no Retry to who is in it no more", async () => {
    const { app, view } = await message({ state: { state: "failed", cause: "left_out", reason: "no" } });
    expect(maybe("message-retry")).not.toBeNull();
    app.state = { ...app.state, chats: app.state.chats.map((row) => (row.id === view.chat ? { ...row, state: "removed" } : row)) };
    await waitFor(() => expect(maybe("message-retry")).toBeNull());
  });

  test("a sent one offers no Retry", async () => {
    await message({ state: { state: "sent", accepted: 3, relays: 3 } });
    expect(maybe("message-retry")).toBeNull();
  });

  test("messages of others have none", async () => {
    await message({ mine: false, state: { state: "received" } });
    expect(maybe("message-state")).toBeNull();
    expect(byId("message-sender").textContent).toBe("Ada Brandt");
  });

  test("a click on it asks for the relays' answers", async () => {
    const { app, view } = await message();
    await fireEvent.click(byId("message-state"));
    expect(app.deliveryOf).toBe(view.id);
  });

  test("the dialog lists every relay with its answer and its own words", async () => {
    const backend = ready();
    const app = await connected(backend);
    const failed = [...backend.messages.values()].flat().find((one) => one.state.state === "failed");
    show(app, DeliveryDialog, { message: failed?.id ?? 0, onclose: () => undefined });
    await waitFor(() => expect(document.querySelectorAll('[data-testid="delivery-row"]')).toHaveLength(backend.relays.length));
    const first = byId("delivery-row");
    expect(first.dataset).toMatchObject({ relay: backend.relays[0], answer: "refused" });
    expect(first.textContent).toContain("blocked: pubkey is not on the list");
    expect(first.textContent).toContain("1 attempt");
  });
});

describe("what a message says", () => {
  const markup = `<img src=x onerror="alert(1)"><script>alert(2)</script> **b** &amp;`;

  test("markup is shown as it was typed and makes no elements", async () => {
    await message({}, { text: markup, quote: { type: "text", text: markup }, reply_to: null, reactions: [{ emoji: "<i>", count: 1, mine: false, people: [markup] }] });
    expect(byId("message-text").textContent).toBe(markup.replaceAll("**", ""));
    expect([...byId("message-text").querySelectorAll("*")].map((one) => one.tagName)).toEqual(["P", "STRONG"]);
    expect(byId("message-quote").textContent).toContain(markup);
    expect(document.body.querySelector("img, script, i")).toBeNull();
  });

  test("a name in markup stays a name", async () => {
    await message({ mine: false, sender_name: "<b>Eve</b>\u202e", state: { state: "received" } });
    const name = byId("message-sender");
    expect(name.textContent).toBe("<b>Eve</b>\u202e");
    expect(name.tagName).toBe("BDI");
  });

  test("a deleted message shows no text and takes no reply", async () => {
    await message({}, { text: "", deleted: true });
    expect(byId("message").textContent).toContain("This message was deleted");
    expect(maybe("message-text")).toBeNull();
    expect(maybe("message-reply")).toBeNull();
  });

  test("people who are named stand there with their names, as text", async () => {
    const npub = `npub1${"q".repeat(58)}`;
    const words = `Ask nostr:${npub}, not nostr:npub1other`;
    await message({}, { text: words, mentions: [{ npub, name: "<b>Jonas</b>", is_me: false }] });
    expect(byId("message-text").textContent).toBe("Ask @<b>Jonas</b>, not nostr:npub1other");
  });

  test("a reaction says who chose it", async () => {
    await message({}, { reactions: [{ emoji: "🚣", count: 3, mine: true, people: ["You", "Ada Brandt"] }] });
    expect(byId("reaction").title).toBe("You, Ada Brandt and 1 other");
  });

  test("an edited message says so", async () => {
    await message({}, { edited: true });
    expect(byId("message").textContent).toContain("edited");
  });

  test("Reply hands over the message", async () => {
    const { replies, view } = await message();
    await fireEvent.click(byId("message-reply"));
    expect(replies).toEqual([view]);
  });
});
