// Owns the list of emoji: loading it, searching it, the tone of skin, the ones used last.
// Never draws one: the fonts of the system do.
import { folded } from "./typing";

export interface Emoji {
  emoji: string;
  label: string;
  group: number;
  /** Everything that it is found by. */
  words: string;
  /** From light to dark. */
  tones: string[];
}

/** Emoji that are remembered as used last. */
export const RECENT_CAP = 24;
const RECENT = "murmel.emoji.recent";
const TONE = "murmel.emoji.tone";
/** What is offered first to people who have used none yet. */
const COMMON = ["👍", "❤️", "😂", "🎉", "😮", "😢"];

const lists = new Map<string, Promise<Emoji[]>>();

/** The emoji with their names in a language; loaded once. */
export function emojiOf(language: string): Promise<Emoji[]> {
  const known = lists.get(language);
  if (known !== undefined) return known;
  const rows = language === "nl" ? import("virtual:emoji/nl") : import("virtual:emoji/en");
  const list = rows.then((module) =>
    module.default.map(([emoji, label, tags, group, tones = []]) => ({ emoji, label, group, tones, words: folded(` ${label} ${tags}`.replaceAll(/[-_:]/gu, " ")) })),
  );
  lists.set(language, list);
  return list;
}

/** Those whose names have words that begin as `query` does; a name that begins with it comes first. */
export function findEmoji(all: readonly Emoji[], query: string, most: number): Emoji[] {
  const parts = folded(query.replaceAll(/[-_:]/gu, " ")).split(/\s+/u).filter((part) => part !== "");
  if (parts.length === 0) return [];
  const whole = ` ${parts.join(" ")}`;
  const found = all.filter((one) => parts.every((part) => one.words.includes(` ${part}`)));
  const rank = (one: Emoji) => (one.words.startsWith(whole) ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b)).slice(0, most);
}

/** 0 is yellow, 1 to 5 are light to dark. */
export function toneChosen(): number {
  const tone = Number(localStorage.getItem(TONE));
  return Number.isInteger(tone) && tone >= 0 && tone <= 5 ? tone : 0;
}

export function chooseTone(tone: number): void {
  localStorage.setItem(TONE, String(tone));
}

export function toned(one: Emoji, tone: number): string {
  return tone === 0 ? one.emoji : (one.tones[tone - 1] ?? one.emoji);
}

/** The ones used last, newest first, filled up with common ones. */
export function recentEmoji(most = RECENT_CAP): string[] {
  let used: unknown = [];
  try {
    used = JSON.parse(localStorage.getItem(RECENT) ?? "[]");
  } catch {
    // Somebody else's words in our place: as if there were none.
  }
  const list = Array.isArray(used) ? used.filter((one): one is string => typeof one === "string" && one.length <= 32) : [];
  return [...new Set([...list, ...COMMON])].slice(0, most);
}

export function usedEmoji(emoji: string): void {
  const others = recentEmoji().filter((one) => one !== emoji);
  localStorage.setItem(RECENT, JSON.stringify([emoji, ...others].slice(0, RECENT_CAP)));
}
