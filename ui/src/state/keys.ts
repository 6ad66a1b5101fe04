// Owns what the keys do outside the composer.
// Never acts under a dialog or a menu (R1).
import { stepAccount } from "./accounts";
import type { App } from "./app.svelte";
import { look } from "./look.svelte";
import { type ShortcutId, shortcutOf } from "./shortcuts";

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/u.test(target.tagName));
}

/** Goes `step` chats down the list as it is shown, from the open one; with `unread` to the next that has something new. */
export function stepChat(app: App, step: 1 | -1, unread = false): void {
  const chats = app.list.rows(app.state.chats);
  const at = chats.findIndex((row) => row.id === app.state.openChat);
  const wanted = (row: (typeof chats)[number]) => !unread || row.unread > 0 || row.marked_unread;
  const ahead = step > 0 ? chats.slice(at + 1) : chats.slice(0, at < 0 ? undefined : at).reverse();
  const next = ahead.find(wanted);
  if (next !== undefined) app.open(next.id);
}

/** The places that F6 goes through, in their order. */
const STOPS = ["[data-stop='rail']", "[data-stop='list']", "[data-testid='timeline']", "[data-composer]"];

/** Moves the focus to the next part of the window that is visible. */
export function nextPane(back = false): void {
  const places = STOPS.map((stop) => document.querySelector<HTMLElement>(stop)).filter((one) => one !== null && one.offsetParent !== null);
  const at = places.findIndex((one) => one?.contains(document.activeElement));
  const next = places.at((at + (back ? -1 : 1)) % places.length);
  if (next === undefined || next === null) return;
  const inside = next.querySelector<HTMLElement>("[aria-current='true']") ?? next.querySelector<HTMLElement>("button, [tabindex='0']");
  (next.matches("[tabindex], textarea, input, button") ? next : inside)?.focus();
}

/** What a shortcut does wherever the focus is. Says whether it did something. */
export function run(app: App, id: ShortcutId, digit = 0): boolean {
  const registered = app.commands.run(id);
  if (registered !== null) return registered;
  switch (id) {
    case "palette":
      app.dialog = "jump";
      return true;
    case "newChat":
      app.dialog = "new-group";
      return true;
    case "settings":
      app.dialog = "settings";
      return true;
    case "sheet":
      app.dialog = "shortcuts";
      return true;
    case "panes":
      nextPane();
      return true;
    case "details":
      if (app.state.openChat !== null) app.detailsOpen = !app.detailsOpen;
      return true;
    case "chatPrevious":
    case "chatNext":
      stepChat(app, id === "chatNext" ? 1 : -1);
      return true;
    case "unreadPrevious":
    case "unreadNext":
      stepChat(app, id === "unreadNext" ? 1 : -1, true);
      return true;
    case "chatAt": {
      const row = app.list.rows(app.state.chats)[digit - 1];
      if (row !== undefined) app.open(row.id);
      return true;
    }
    case "accountPrevious":
    case "accountNext":
      return stepAccount(app, id === "accountNext" ? 1 : -1);
    case "zoomIn":
    case "zoomOut":
      look.stepZoom(id === "zoomIn" ? 1 : -1);
      return true;
    case "zoomUsual":
      look.setZoom(1);
      return true;
    default:
      return false;
  }
}

export function mainKey(event: KeyboardEvent, app: App): void {
  const id = shortcutOf(event, ["everywhere", "chats", "messages"]);
  if (id !== null) {
    const digit = Number(/\d$/u.exec(event.code)?.[0] ?? event.key);
    if (run(app, id, digit)) event.preventDefault();
    return;
  }
  const { key } = event;
  if (key === "F6" && event.shiftKey) {
    event.preventDefault();
    nextPane(true);
    return;
  }
  // A printable character typed anywhere goes to the composer; moving the focus in time keeps the character (R4).
  if (key.length === 1 && key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey && !isField(event.target)) {
    document.querySelector<HTMLElement>("[data-composer]")?.focus();
  }
}

/** Whether something lies over the window that has the keys for itself. */
export function covered(): boolean {
  return document.querySelector("dialog[open], [role='menu']") !== null;
}
