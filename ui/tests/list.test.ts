import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";
import type { FakeBackend } from "../src/ipc/fake";
import Root from "../src/Root.svelte";
import { fold, ListState, passes } from "../src/state/list.svelte";
import { chatsWith } from "../src/state/search";
import { byId, connected, maybe, NOW, ready, show } from "./kit";

vi.mock("virtua/svelte", async () => ({ Virtualizer: (await import("./PlainList.svelte")).default }));

async function root(backend: FakeBackend = ready()) {
  const app = await connected(backend);
  show(app, Root, { app });
  return { app, backend };
}

const rows = () => [...document.querySelectorAll<HTMLElement>('[data-testid="chat-row"]')];
const names = () => rows().map((row) => row.querySelector(".name")?.textContent);
const row = (name: string) => {
  const found = rows().find((one) => one.querySelector(".name")?.textContent === name);
  if (found === undefined) throw new Error(`no chat ${name}`);
  return found;
};
const item = async (id: string) => {
  const found = maybe(`menu-${id}`);
  if (found === null) throw new Error(`no ${id} in the menu`);
  await fireEvent.click(found);
};
const menuOf = async (name: string) => {
  await fireEvent.contextMenu(row(name));
  await waitFor(() => expect(maybe("menu")).not.toBeNull());
};

describe("the menu of a chat", () => {
  test("opens by the mouse and by both keys, and Esc gives the focus back", async () => {
    await root();
    for (const keys of [{ key: "ContextMenu" }, { key: "F10", shiftKey: true }]) {
      row("Lake weekend").focus();
      await fireEvent.keyDown(row("Lake weekend"), keys);
      await waitFor(() => expect(maybe("menu")).not.toBeNull());
      expect(document.activeElement?.getAttribute("role")).toBe("menuitem");
      await fireEvent.keyDown(byId("menu"), { key: "Escape" });
      await waitFor(() => expect(maybe("menu")).toBeNull());
      expect(document.activeElement).toBe(row("Lake weekend"));
    }
    await menuOf("Lake weekend");
  });

  test("arrows go round and a letter goes to its line", async () => {
    await root();
    await menuOf("Lake weekend");
    const press = (key: string) => fireEvent.keyDown(byId("menu"), { key });
    const focused = () => (document.activeElement as HTMLElement).dataset.testid?.replace("menu-", "");
    expect(focused()).toBe("unread");
    await press("ArrowUp");
    expect(focused()).toBe("details");
    await press("ArrowDown");
    expect(focused()).toBe("unread");
    await press("a");
    expect(focused()).toBe("archive");
    await press("Home");
    expect(focused()).toBe("unread");
  });

  test("pins, and pinned chats move among each other", async () => {
    const { backend } = await root();
    for (const name of ["Flat hunting", "Lake weekend"]) {
      await menuOf(name);
      await item("pin");
    }
    await waitFor(() => expect(names().slice(0, 2)).toEqual(["Flat hunting", "Lake weekend"]));
    await menuOf("Lake weekend");
    await item("up");
    await waitFor(() => expect(names().slice(0, 2)).toEqual(["Lake weekend", "Flat hunting"]));
    expect(backend.chats.filter((one) => one.pinned !== null)).toHaveLength(2);
  });

  test("mutes for a span that is asked for, and says so in the row", async () => {
    const { backend } = await root();
    await menuOf("Book club: long novels only");
    await item("mute");
    await waitFor(() => expect(maybe("menu-back")).not.toBeNull());
    await item("mute-always");
    await waitFor(() => expect(row("Book club: long novels only").textContent).toContain("Muted"));
    expect(backend.chats.find((one) => one.muted !== null)?.muted).toEqual({ until: null });
    await menuOf("Book club: long novels only");
    await item("unmute");
    await waitFor(() => expect(row("Book club: long novels only").textContent).not.toContain("Muted"));
  });

  test("archives with a way back, and an open chat is closed", async () => {
    const { app } = await root();
    await menuOf("Lake weekend");
    await item("pin");
    app.open("a1".repeat(16));
    await menuOf("Lake weekend");
    await item("archive");
    await waitFor(() => expect(names()).not.toContain("Lake weekend"));
    expect(app.state.openChat).toBeNull();
    expect(byId("undo").textContent).toContain("Lake weekend is archived");
    await fireEvent.click(byId("undo-button"));
    await waitFor(() => expect(names()[0]).toBe("Lake weekend"));
    expect(app.state.chats[0]?.pinned).toBe(0);
    expect(maybe("undo")).toBeNull();
  });

  test("marks as unread and as read", async () => {
    const { backend } = await root();
    await menuOf("Lake weekend");
    await item("unread");
    await waitFor(() => expect(maybe("chat-marked")).not.toBeNull());
    await menuOf("Lake weekend");
    await item("read");
    await waitFor(() => expect(maybe("chat-marked")).toBeNull());
    await menuOf("Book club: long novels only");
    await item("read");
    await waitFor(() => expect(backend.calls).toContainEqual(["markRead", "c3".repeat(16), 603]));
  });
});

describe("filters", () => {
  test("show what they say, and tell when there is nothing", async () => {
    await root();
    await fireEvent.click(byId("filter-unread"));
    await waitFor(() => expect(names()).toEqual(["Book club: long novels only"]));
    await fireEvent.click(byId("filter-mentions"));
    await waitFor(() => expect(byId("list-empty").textContent).toContain("Nobody has mentioned you"));
    await fireEvent.click(byId("filter-archived"));
    await waitFor(() => expect(byId("list-empty").textContent).toContain("until a message comes"));
  });

  test("the open chat stays among the unread ones when it is read", () => {
    const [chat] = ready().chats;
    if (chat === undefined) throw new Error("no chat");
    const list = new ListState();
    list.choose("unread", chat.id);
    expect(list.rows([{ ...chat, unread: 0 }])).toHaveLength(1);
    list.held = null;
    expect(list.rows([{ ...chat, unread: 0 }])).toHaveLength(0);
  });

  test("an archived chat is listed in the archive only", () => {
    const [chat] = ready().chats;
    if (chat === undefined) throw new Error("no chat");
    const archived = { ...chat, archived: true, unread: 3, mentions: 1 };
    expect((["all", "unread", "mentions", "archived"] as const).filter((filter) => passes(archived, filter))).toEqual(["archived"]);
  });
});

describe("the search", () => {
  test("Ctrl+F goes there, results are grouped, and the arrows lead into them", async () => {
    const { app } = await root();
    await fireEvent.keyDown(document.body, { key: "f", ctrlKey: true });
    app.list.typed = "jonas";
    await waitFor(() => expect(maybe("found-person")).not.toBeNull());
    expect(names()).toEqual(["Jonas Wirth"]);
    byId("search").focus();
    await fireEvent.keyDown(byId("search"), { key: "ArrowDown" });
    expect(document.activeElement).toBe(rows()[0]);
    await fireEvent.keyDown(rows()[0] as Element, { key: "ArrowDown" });
    expect(document.activeElement).toBe(byId("found-person"));
    await fireEvent.keyDown(byId("found-person"), { key: "ArrowUp" });
    await fireEvent.keyDown(rows()[0] as Element, { key: "ArrowUp" });
    expect(document.activeElement).toBe(byId("search"));
    await fireEvent.keyDown(byId("search"), { key: "Escape" });
    await waitFor(() => expect(maybe("search-results")).toBeNull());
  });

  test("says when nothing was found", async () => {
    const { app } = await root();
    app.list.typed = "xyzzy";
    await waitFor(() => expect(maybe("search-none")).not.toBeNull());
  });

  test("accents and case do not matter, and the beginning of a word comes first", () => {
    const chats = ready().chats.slice(0, 2).map((one, at) => ({ ...one, name: ["Hermann", "Café Mann"][at] ?? "" }));
    expect(chatsWith(chats, "MANN").map((one) => one.name)).toEqual(["Café Mann", "Hermann"]);
    expect(chatsWith(chats, "cafe").map((one) => one.name)).toEqual(["Café Mann"]);
    expect(fold("ÉCOLE")).toBe("ecole");
  });
});

describe("a row", () => {
  test("has marks for drafts, failed sends and mentions, each with words", async () => {
    const { backend } = await root();
    await backend.setDraft("a1".repeat(16), { text: "I will bring", reply_to: null, edit: null });
    await waitFor(() => expect(row("Lake weekend").textContent).toContain("Draft: I will bring"));
    expect(row("Jonas Wirth").querySelector('[data-testid="chat-failed"]')?.textContent).toContain("1 message not sent");
    const chat = backend.chats[0];
    if (chat !== undefined) backend.emit({ type: "chat", chat: { ...chat, mentions: 2, unread: 1_200, last_activity: NOW } });
    await waitFor(() => expect(maybe("chat-mention")?.textContent).toContain("You were mentioned"));
    expect(document.body.textContent).toContain("999+");
  });
});
