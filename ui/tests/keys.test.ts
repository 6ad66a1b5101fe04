import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";
import { FakeBackend } from "../src/ipc/fake";
import Root from "../src/Root.svelte";
import { look } from "../src/state/look.svelte";
import { ariaKeys, chordsOf, pressed, SHORTCUTS, type ShortcutId, shortcutOf } from "../src/state/shortcuts";
import { chordWords } from "../src/words/keys";
import { byId, connected, maybe, ready, show } from "./kit";

async function main(backend: FakeBackend = ready()) {
  const app = await connected(backend);
  if (app.state.session?.state !== "ready") throw new Error("not ready");
  show(app, Root, { app });
  return { app, backend };
}

const press = (key: string, more: object = {}, on: Element = document.body) => fireEvent.keyDown(on, { key, ...more });
const event = (key: string, more: KeyboardEventInit = {}) => new KeyboardEvent("keydown", { key, ...more });
const ids = Object.values(SHORTCUTS).flatMap((area) => Object.keys(area)) as ShortcutId[];

describe("R1: under a dialog or a menu no shortcut fires", () => {
  test("a dialog", async () => {
    const { app } = await main();
    await press("/", { ctrlKey: true });
    await waitFor(() => expect(maybe("shortcut-sheet")).not.toBeNull());
    await press("n", { ctrlKey: true });
    await press("ArrowDown", { altKey: true });
    expect(app.dialog).toBe("shortcuts");
    expect(app.state.openChat).toBeNull();
  });

  test("a menu", async () => {
    const { app } = await main();
    const menu = document.createElement("div");
    menu.setAttribute("role", "menu");
    document.body.append(menu);
    await press("n", { ctrlKey: true });
    expect(app.dialog).toBeNull();
    menu.remove();
    await press("n", { ctrlKey: true });
    expect(app.dialog).toBe("new-group");
  });
});

describe("R2: while characters are composed no shortcut fires", () => {
  test("however the input method says it", async () => {
    const { app } = await main();
    await press("k", { ctrlKey: true, isComposing: true });
    expect(app.dialog).toBeNull();
    expect(pressed(event("k", { ctrlKey: true, keyCode: 229 }), "palette")).toBe(false);
    expect(pressed(event("k", { ctrlKey: true }), "palette")).toBe(true);
  });
});

describe("R3: the layout of the keyboard", () => {
  test.each([
    ["Cyrillic, by position", "л", "KeyK", "palette"],
    ["Greek, by position", "ν", "KeyN", "newChat"],
    ["Cyrillic, the comma's key", "б", "Comma", "settings"],
    ["QWERTZ, by character and not by position", "n", "KeyN", "newChat"],
    ["AZERTY, by character", ",", "KeyM", "settings"],
    ["Dvorak, by character", "k", "KeyV", "palette"],
  ] as const)("%s", (_, key, code, id) => {
    expect(shortcutOf(event(key, { code, ctrlKey: true }), ["everywhere"])).toBe(id);
  });

  test("a sign that needs Shift on this layout is the same sign", () => {
    expect(shortcutOf(event("/", { code: "Digit7", ctrlKey: true, shiftKey: true }), ["everywhere", "chats"])).toBe("sheet");
    expect(shortcutOf(event("=", { code: "Equal", ctrlKey: true }), ["everywhere"])).toBe("zoomIn");
  });

  test("digits that need Shift on AZERTY are digits", async () => {
    const { app } = await main();
    await press("é", { code: "Digit2", ctrlKey: true });
    expect(app.state.openChat).toBe(app.state.chats[1]?.id);
  });

  test("QWERTZ swaps Y and Z, and nothing follows the position", () => {
    expect(shortcutOf(event("z", { code: "KeyY", ctrlKey: true }), ["everywhere", "chats", "messages", "composer"])).toBeNull();
  });
});

describe("R4: what is typed anywhere goes to the composer", () => {
  test("the focus is there before the character is", async () => {
    const { app } = await main();
    app.open(app.state.chats[0]?.id ?? null);
    await waitFor(() => expect(maybe("composer")).not.toBeNull());
    byId("details-open").focus();
    await press("x", {}, byId("details-open"));
    expect(document.activeElement).toBe(byId("composer"));
    byId("details-open").focus();
    await press(" ", {}, byId("details-open"));
    expect(document.activeElement).toBe(byId("details-open"));
  });
});

describe("R5: the focus goes back to what opened the dialog", () => {
  test.each(["settings-open", "new-group"])("%s", async (opener) => {
    await main();
    byId(opener).focus();
    await fireEvent.click(byId(opener));
    await waitFor(() => expect(maybe("dialog-close")).not.toBeNull());
    expect(document.activeElement).not.toBe(byId(opener));
    await fireEvent.click(byId("dialog-close"));
    await waitFor(() => expect(maybe("dialog-close")).toBeNull());
    expect(document.activeElement).toBe(byId(opener));
  });
});

describe("R6: the sheet, `aria-keyshortcuts` and the keys are one table", () => {
  test("the sheet has a row for each, with its keys", async () => {
    const { app } = await main();
    app.dialog = "shortcuts";
    await waitFor(() => expect(maybe("shortcut-sheet")).not.toBeNull());
    const rows = [...document.querySelectorAll<HTMLElement>("[data-shortcut]")];
    expect(rows.map((row) => row.dataset.shortcut)).toEqual(ids);
    for (const row of rows) {
      const first = chordsOf(row.dataset.shortcut as ShortcutId)[0];
      if (first !== undefined) expect(row.textContent).toContain(chordWords(first).join(""));
    }
  });

  test("every `aria-keyshortcuts` on the page is that of a shortcut", async () => {
    const { app } = await main();
    app.open(app.state.chats[0]?.id ?? null);
    await waitFor(() => expect(maybe("composer")).not.toBeNull());
    const said = [...document.querySelectorAll("[aria-keyshortcuts]")].map((one) => one.getAttribute("aria-keyshortcuts") ?? "");
    expect(said.length).toBeGreaterThan(2);
    const known = new Set(ids.map(ariaKeys));
    for (const keys of said) expect(known.has(keys), keys).toBe(true);
  });

  test("no combination means two things in one place", () => {
    const seen = new Map<string, string>();
    for (const [area, shortcuts] of Object.entries(SHORTCUTS)) {
      for (const id of Object.keys(shortcuts) as ShortcutId[]) {
        for (const chord of ariaKeys(id).split(" ")) {
          const place = area === "composer" ? `composer ${chord}` : chord;
          expect(seen.get(place), `${id}: ${chord}`).toBeUndefined();
          seen.set(place, id);
        }
      }
    }
  });
});

describe("keys of the window", () => {
  test("Alt+Shift with the arrows goes to unread chats only", async () => {
    const { app } = await main();
    const unread = app.state.chats.filter((row) => row.unread > 0).map((row) => row.id);
    await press("ArrowDown", { altKey: true, shiftKey: true });
    expect(app.state.openChat).toBe(unread[0]);
    await press("ArrowDown", { altKey: true, shiftKey: true });
    expect(app.state.openChat).toBe(unread[0]);
  });

  test("Ctrl+Tab goes to the next chat and back with Shift", async () => {
    const { app } = await main();
    await press("Tab", { ctrlKey: true });
    await press("Tab", { ctrlKey: true });
    expect(app.state.openChat).toBe(app.state.chats[1]?.id);
    await press("Tab", { ctrlKey: true, shiftKey: true });
    expect(app.state.openChat).toBe(app.state.chats[0]?.id);
  });

  test("a part that is there takes its shortcut, and gives it back when it goes", async () => {
    const { app } = await main();
    const act = vi.fn();
    const off = app.commands.on("newest", act);
    await press("j", { ctrlKey: true });
    expect(act).toHaveBeenCalledTimes(1);
    off();
    await press("j", { ctrlKey: true });
    expect(act).toHaveBeenCalledTimes(1);
  });

  test("zoom goes in steps from 75 to 200 % and is kept", async () => {
    const zoom = vi.fn();
    look.onzoom = zoom;
    await main();
    await press("+", { ctrlKey: true, shiftKey: true });
    expect(zoom).toHaveBeenLastCalledWith(1.1);
    for (let at = 0; at < 12; at += 1) await press("+", { ctrlKey: true });
    expect(look.zoom).toBe(2);
    for (let at = 0; at < 12; at += 1) await press("-", { ctrlKey: true });
    expect(look.zoom).toBe(0.75);
    look.start();
    expect(look.zoom).toBe(0.75);
    await press("0", { ctrlKey: true });
    expect(look.zoom).toBe(1);
  });
});

describe("the palette", () => {
  async function palette() {
    const made = await main();
    await press("k", { ctrlKey: true });
    await waitFor(() => expect(maybe("jump-field")).not.toBeNull());
    return made;
  }
  const rows = () => [...document.querySelectorAll<HTMLElement>('[data-testid="jump-row"]')];
  const type = (value: string) => fireEvent.input(byId("jump-field"), { target: { value } });

  test("finds people, and commands by a part of their name", async () => {
    const { app } = await palette();
    await type("jon");
    await waitFor(() => expect(rows().some((row) => row.dataset.kind === "person")).toBe(true));
    await type("dark");
    await waitFor(() => expect(rows()).toHaveLength(2));
    await press("Enter", {}, byId("jump-field"));
    expect(look.choices.theme).toBe("dark");
    expect(app.dialog).toBeNull();
    look.choose("theme", "system");
  });

  test("the arrows go through all groups", async () => {
    const { app } = await palette();
    const many = rows().length;
    for (let at = 0; at < many + 3; at += 1) await press("ArrowDown", {}, byId("jump-field"));
    expect(rows().at(-1)?.getAttribute("aria-selected")).toBe("true");
    expect(rows().at(-1)?.dataset.kind).toBe("command");
    for (let at = 0; at < many + 3; at += 1) await press("ArrowUp", {}, byId("jump-field"));
    await press("Enter", {}, byId("jump-field"));
    expect(app.state.openChat).toBe(app.state.chats[0]?.id);
  });
});
