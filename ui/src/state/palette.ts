// Owns the commands that the palette offers.
// Never decides where they are shown.
import { say } from "../words/say.svelte";
import type { App } from "./app.svelte";
import { look } from "./look.svelte";
import type { ShortcutId } from "./shortcuts";

export interface Command {
  id: string;
  words: string;
  shortcut: ShortcutId | null;
  run: () => unknown;
}

export function commandsOf(app: App): Command[] {
  const words = say.jump.commands;
  return [
    { id: "newGroup", words: words.newGroup, shortcut: "newChat", run: () => (app.dialog = "new-group") },
    { id: "settings", words: words.settings, shortcut: "settings", run: () => (app.dialog = "settings") },
    { id: "profile", words: words.profile, shortcut: null, run: () => (app.dialog = "profile") },
    { id: "keys", words: words.keys, shortcut: "sheet", run: () => (app.dialog = "shortcuts") },
    { id: "copyKey", words: words.copyKey, shortcut: null, run: () => app.copyNpub() },
    { id: "archived", words: words.archived, shortcut: null, run: () => app.list.choose("archived", app.state.openChat) },
    { id: "light", words: words.light, shortcut: null, run: () => look.choose("theme", "light") },
    { id: "dark", words: words.dark, shortcut: null, run: () => look.choose("theme", "dark") },
    { id: "themeSystem", words: words.themeSystem, shortcut: null, run: () => look.choose("theme", "system") },
    { id: "larger", words: words.larger, shortcut: "zoomIn", run: () => look.stepZoom(1) },
    { id: "smaller", words: words.smaller, shortcut: "zoomOut", run: () => look.stepZoom(-1) },
  ];
}
