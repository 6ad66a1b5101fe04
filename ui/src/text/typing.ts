// Owns what keys do to a text and its selection: marks around words, a name or emoji put in, what is being asked for.
// Never touches a field.

/** A text and what is selected in it, as offsets in UTF-16 units. */
export interface Typed {
  text: string;
  from: number;
  to: number;
}

/** What `Ctrl+B`, `Ctrl+I` and `Ctrl+E` put around the selection. */
export const MARKS = { b: "**", i: "_", e: "`" } as const;

/** Puts a mark around the selection, or takes it away where it is there. */
export function marked({ text, from, to }: Typed, mark: string): Typed {
  const inside = text.slice(from, to);
  const [before, after] = [text.slice(0, from), text.slice(to)];
  if (before.endsWith(mark) && after.startsWith(mark)) {
    return { text: before.slice(0, -mark.length) + inside + after.slice(mark.length), from: from - mark.length, to: to - mark.length };
  }
  if (inside.length >= 2 * mark.length && inside.startsWith(mark) && inside.endsWith(mark)) {
    const bare = inside.slice(mark.length, inside.length - mark.length);
    return { text: before + bare + after, from, to: from + bare.length };
  }
  if (mark === MARKS.e && inside.includes("\n")) {
    const open = `${before === "" || before.endsWith("\n") ? "" : "\n"}\`\`\`\n`;
    const close = `\n\`\`\`${after.startsWith("\n") ? "" : "\n"}`;
    return { text: before + open + inside + close + after, from: from + open.length, to: to + open.length };
  }
  // White space at the ends stays outside, or the mark would not count.
  const lead = /^\s*/u.exec(inside)?.[0].length ?? 0;
  const trail = inside.length === lead ? 0 : (/\s*$/u.exec(inside)?.[0].length ?? 0);
  const core = inside.slice(lead, inside.length - trail);
  const start = from + lead + mark.length;
  return {
    text: before + inside.slice(0, lead) + mark + core + mark + inside.slice(inside.length - trail) + after,
    from: start,
    to: start + core.length,
  };
}

/** Somebody's name or an emoji that is being typed. */
export interface Asked {
  kind: "person" | "emoji";
  /** What was typed of it, without `@` or `:`. */
  query: string;
  /** Where it begins, at the sign. */
  at: number;
}

/** Letters after which emoji are proposed: `:)` and `12:30` ask for nothing. */
const EMOJI_LETTERS = 2;
/** Longest name that is looked for. */
const QUERY_CAP = 40;

/** What stands before the cursor and asks for a proposal; `null` where nothing does. */
export function asked({ text, from, to }: Typed): Asked | null {
  if (from !== to) return null;
  const before = text.slice(Math.max(0, from - QUERY_CAP - 1), from);
  const emoji = /(?:^|[\s(])(:([\p{L}\p{N}_+-]+))$/u.exec(before);
  if (emoji?.[1] !== undefined && emoji[2] !== undefined && emoji[2].length >= EMOJI_LETTERS && !/^\d+$/u.test(emoji[2])) {
    return { kind: "emoji", query: emoji[2], at: from - emoji[1].length };
  }
  const person = /(?:^|[\s(])(@([^\s@][^\n@]*)?)$/u.exec(before);
  if (person?.[1] !== undefined) return { kind: "person", query: person[2] ?? "", at: from - person[1].length };
  return null;
}

/** Replaces from `at` to the cursor. */
export function put({ text, to }: Typed, at: number, words: string): Typed {
  const end = at + words.length;
  return { text: text.slice(0, at) + words + text.slice(to), from: end, to: end };
}

/** Lower case without accents, for comparing what people type. */
export function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}
