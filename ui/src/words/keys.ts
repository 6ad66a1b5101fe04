// Owns how a key combination is written on this system.
import { apple, chordsOf, type Chord, type ShortcutId } from "../state/shortcuts";
import { say } from "./say.svelte";

const arrows: Record<string, string> = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→" };

/** The keys of a combination, each as it is printed on the key. */
export function chordWords(chord: Chord): string[] {
  const names = say.keys.names;
  const parts: string[] = [];
  if (chord.ctrl || (chord.command && !apple)) parts.push(apple ? "⌃" : names.Control);
  if (chord.alt) parts.push(apple ? "⌥" : names.Alt);
  if (chord.shift) parts.push(apple ? "⇧" : names.Shift);
  if (chord.command && apple) parts.push("⌘");
  const key = chord.key;
  parts.push(arrows[key] ?? (Object.hasOwn(names, key) ? names[key as keyof typeof names] : key));
  return parts;
}

/** `Ctrl+K`, or `⌘K` on a Mac: the first way to press a shortcut. */
export function shortcut(id: ShortcutId): string {
  const chord = chordsOf(id)[0];
  return chord === undefined ? "" : chordWords(chord).join(apple ? "" : "+");
}
