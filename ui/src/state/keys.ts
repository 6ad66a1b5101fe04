// Owns what the keys do outside the composer.
// Never acts under a dialog or during input of composed characters: the caller checks that.
import type { App } from "./app.svelte";

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/u.test(target.tagName));
}

/** Goes `step` chats down the list, from the open one. */
export function stepChat(app: App, step: number): void {
  const { chats, openChat } = app.state;
  if (chats.length === 0) return;
  const at = chats.findIndex((row) => row.id === openChat);
  const next = at < 0 ? (step > 0 ? 0 : chats.length - 1) : Math.min(chats.length - 1, Math.max(0, at + step));
  const row = chats[next];
  if (row !== undefined) app.open(row.id);
}

function withCommand(event: KeyboardEvent, app: App): boolean {
  switch (event.key.toLowerCase()) {
    case "n":
      app.dialog = "new-group";
      return true;
    case "k":
      app.dialog = "jump";
      return true;
    case ",":
      app.dialog = "settings";
      return true;
    case ".":
      if (app.state.openChat !== null) app.detailsOpen = !app.detailsOpen;
      return true;
    default:
      return false;
  }
}

export function mainKey(event: KeyboardEvent, app: App): void {
  const command = event.ctrlKey || event.metaKey;
  if (command && !event.altKey && !event.shiftKey) {
    if (withCommand(event, app)) event.preventDefault();
    return;
  }
  if (event.altKey && !command && !event.shiftKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    stepChat(app, event.key === "ArrowDown" ? 1 : -1);
    return;
  }
  // A printable character typed anywhere goes to the composer; moving the focus in time keeps the character.
  if (event.key.length === 1 && event.key !== " " && !command && !event.altKey && !isField(event.target)) {
    document.querySelector<HTMLElement>("[data-composer]")?.focus();
  }
}
