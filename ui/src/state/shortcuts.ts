// Owns the table of shortcuts: the keys, `aria-keyshortcuts` and the sheet are all made from it.
// Never acts: `keys.ts` and the parts do.

/** One combination. `command` is Ctrl, and ⌘ on a Mac; `ctrl` is Ctrl everywhere. */
export interface Chord {
  key: string;
  command?: true;
  ctrl?: true;
  alt?: true;
  shift?: true;
}

export const SHORTCUTS = {
  everywhere: {
    palette: [{ key: "K", command: true }],
    search: [{ key: "F", command: true }],
    newChat: [{ key: "N", command: true }],
    settings: [{ key: ",", command: true }],
    sheet: [{ key: "/", command: true }],
    panes: [{ key: "F6" }],
    accountPrevious: [{ key: "PageUp", ctrl: true, alt: true }],
    accountNext: [{ key: "PageDown", ctrl: true, alt: true }],
    zoomIn: [{ key: "+", command: true }],
    zoomOut: [{ key: "-", command: true }],
    zoomUsual: [{ key: "0", command: true }],
  },
  chats: {
    chatPrevious: [{ key: "ArrowUp", alt: true }, { key: "Tab", ctrl: true, shift: true }],
    chatNext: [{ key: "ArrowDown", alt: true }, { key: "Tab", ctrl: true }],
    unreadPrevious: [{ key: "ArrowUp", alt: true, shift: true }],
    unreadNext: [{ key: "ArrowDown", alt: true, shift: true }],
    /** By position. */
    chatAt: "123456789".split("").map((key): Chord => ({ key, command: true })),
    details: [{ key: ".", command: true }],
  },
  messages: {
    searchHere: [{ key: "F", command: true, shift: true }],
    newest: [{ key: "J", command: true }],
    oldestUnread: [{ key: "PageUp", shift: true }],
    reply: [{ key: "R", command: true, shift: true }],
    react: [{ key: "E", command: true, shift: true }],
    remove: [{ key: "D", command: true, shift: true }],
    menu: [{ key: "F10", shift: true }, { key: "ContextMenu" }],
  },
  composer: {
    editLast: [{ key: "ArrowUp" }],
    replyEarlier: [{ key: "ArrowUp", ctrl: true }],
    replyLater: [{ key: "ArrowDown", ctrl: true }],
    pageUp: [{ key: "PageUp" }],
    pageDown: [{ key: "PageDown" }],
    bold: [{ key: "B", command: true }],
    italic: [{ key: "I", command: true }],
    code: [{ key: "E", command: true }],
  },
} satisfies Record<string, Record<string, readonly Chord[]>>;

export type ShortcutArea = keyof typeof SHORTCUTS;
export type ShortcutId = { [A in ShortcutArea]: keyof (typeof SHORTCUTS)[A] }[ShortcutArea];

export const apple = /Mac|iPhone|iPad/u.test(navigator.platform);

const chords = new Map<ShortcutId, readonly Chord[]>(
  Object.values(SHORTCUTS).flatMap((area) => Object.entries(area) as [ShortcutId, readonly Chord[]][]),
);

export function chordsOf(id: ShortcutId): readonly Chord[] {
  return chords.get(id) ?? [];
}

/** The key that was meant: by character, and by position where the layout has no Latin letters (R3). */
function meant(event: KeyboardEvent): string {
  const { key, code } = event;
  const digit = /^(?:Digit|Numpad)(\d)$/u.exec(code)?.[1];
  // On AZERTY the digits are shifted.
  if (digit !== undefined && (event.ctrlKey || event.metaKey) && !/^[+\-.,/=]$/u.test(key)) return digit;
  if (key.length === 1 && !/[\u0000-\u024f]/u.test(key)) {
    const letter = /^Key([A-Z])$/u.exec(code)?.[1];
    if (letter !== undefined) return letter;
    return { Comma: ",", Period: ".", Slash: "/", Minus: "-", Equal: "+" }[code] ?? key;
  }
  if (key === "=" && (event.ctrlKey || event.metaKey)) return "+";
  return key.length === 1 ? key.toUpperCase() : key;
}

function fits(event: KeyboardEvent, chord: Chord): boolean {
  const key = meant(event);
  if (key !== chord.key) return false;
  const ctrl = chord.ctrl === true || (chord.command === true && !apple);
  const meta = chord.command === true && apple;
  // A sign may need Shift or not, as the layout has it.
  const sign = /^[^\p{L}\p{N}]$/u.test(chord.key);
  const shift = sign || event.shiftKey === (chord.shift === true);
  return event.ctrlKey === ctrl && event.metaKey === meta && event.altKey === (chord.alt === true) && shift;
}

/** Whether the event is this shortcut. Never during the input of composed characters (R2). */
export function pressed(event: KeyboardEvent, id: ShortcutId): boolean {
  if (event.isComposing || event.keyCode === 229) return false;
  return chordsOf(id).some((chord) => fits(event, chord));
}

/** Which shortcut an event is; the first that fits. */
export function shortcutOf(event: KeyboardEvent, areas: readonly ShortcutArea[]): ShortcutId | null {
  for (const area of areas) {
    for (const id of Object.keys(SHORTCUTS[area]) as ShortcutId[]) if (pressed(event, id)) return id;
  }
  return null;
}

/** For `aria-keyshortcuts`: `Control+K`, alternatives parted by spaces. */
export function ariaKeys(id: ShortcutId): string {
  return chordsOf(id)
    .map((chord) => {
      const parts = [chord.ctrl || (chord.command && !apple) ? "Control" : "", chord.command && apple ? "Meta" : "", chord.alt ? "Alt" : "", chord.shift ? "Shift" : ""];
      return [...parts.filter((part) => part !== ""), chord.key === "+" ? "Plus" : chord.key].join("+");
    })
    .join(" ");
}
