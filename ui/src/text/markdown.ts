// Owns how the text of a message becomes a tree: paragraphs, lists, code, emphasis, links, people.
// Never makes markup: the parts turn the tree into elements whose words are text nodes.
import { Marked, type Token, type Tokens } from "marked";
import type { Mention } from "../ipc";
import { webLink } from "./link";

export type Inline =
  | { type: "text"; text: string }
  | { type: "person"; name: string; me: boolean }
  | { type: "strong" | "em" | "del"; inside: Inline[] }
  | { type: "code"; text: string }
  | { type: "link"; href: string; host: string; inside: Inline[]; bare: boolean }
  | { type: "break" };

export type Block =
  | { type: "paragraph"; inside: Inline[] }
  | { type: "heading"; inside: Inline[] }
  | { type: "code"; text: string; language: string }
  | { type: "quote"; inside: Block[] }
  | { type: "list"; ordered: boolean; start: number; items: Block[][] };

/** Longer texts are shown as they are, in characters: nobody writes so much by hand, and reading it for marks costs time. */
export const MARKDOWN_CAP = 12_000;
/** Quotes and lists inside each other, at most; what is deeper is shown as it is written. */
const DEPTH_CAP = 8;

// What chat has no use for, or what would hide a part of what was written: markup, definitions, tables, pictures, lines under a heading.
const marked = new Marked({
  gfm: true,
  breaks: true,
  tokenizer: {
    html: () => undefined,
    tag: () => undefined,
    def: () => undefined,
    table: () => undefined,
    lheading: () => undefined,
    hr: () => undefined,
    code: () => undefined,
    reflink: () => undefined,
    // Within a word a star is a star: 2*3*4.
    emStrong: (_source, _masked, before) => (/[\p{L}\p{N}]$/u.test(before ?? "") ? undefined : false),
    url(source) {
      const match = /^https:\/\/[^\s<>"]+/iu.exec(source);
      if (match === null) return undefined;
      const raw = trimmed(match[0]);
      return { type: "link", raw, text: raw, href: raw, tokens: [{ type: "text", raw, text: raw }] } as Tokens.Link;
    },
  },
});

/** Without the full stop, comma or bracket that belongs to the sentence around an address. */
function trimmed(address: string): string {
  const open: Record<string, string> = { ")": "(", "]": "[", "}": "{" };
  // How many more of each bracket are closed than opened.
  const extra: Record<string, number> = {};
  for (const [close, opening] of Object.entries(open)) extra[close] = address.split(close).length - address.split(opening).length;
  let end = address.length;
  while (end > 0) {
    const last = address.charAt(end - 1);
    const unopened = extra[last] ?? 0;
    if (unopened > 0) extra[last] = unopened - 1;
    else if (!/[.,;:!?'"*_~]/u.test(last)) break;
    end -= 1;
  }
  return address.slice(0, end);
}

export function treeOf(text: string, mentions: readonly Mention[]): Block[] {
  const plain: Block[] = [{ type: "paragraph", inside: pieces(text, mentions) }];
  // No mark, no reading: most messages are a line of words.
  if (text.length > MARKDOWN_CAP || !/[*_~`>#[\\]|https:|^\s*(?:[-+]|\d+[.)])\s/imu.test(text) || deep(text)) return plain;
  try {
    const blocks = blocksOf(marked.lexer(text), mentions);
    return blocks.length === 0 || blocks.every(isEmpty) ? plain : blocks;
  } catch {
    return plain;
  }
}

/** Marks inside each other that nobody means, and that would take long to read. */
function deep(text: string): boolean {
  return text.split("\n").some((line) => /^(?:\s*(?:>|[-+*]\s|\d+[.)]\s)){9}/u.test(line)) || /[[(*_~]{12}/u.test(text);
}

function isEmpty(block: Block): boolean {
  switch (block.type) {
    case "code":
      return false;
    case "quote":
      return block.inside.every(isEmpty);
    case "list":
      return block.items.every((item) => item.every(isEmpty));
    default:
      return block.inside.length === 0;
  }
}

function blocksOf(tokens: Token[], mentions: readonly Mention[], depth = 0): Block[] {
  return tokens.flatMap((token) => blockOf(token, mentions, depth));
}

function blockOf(token: Token, mentions: readonly Mention[], depth: number): Block[] {
  const raw = (): Block[] => [{ type: "paragraph", inside: pieces(token.raw.trimEnd(), mentions) }];
  if (depth > DEPTH_CAP) return raw();
  switch (token.type) {
    case "space":
      return [];
    case "paragraph":
    case "text":
      return [{ type: "paragraph", inside: inlines(token, mentions, depth) }];
    case "heading":
      return [{ type: "heading", inside: inlines(token, mentions, depth) }];
    case "code":
      return [{ type: "code", text: (token as Tokens.Code).text, language: ((token as Tokens.Code).lang ?? "").split(/\s/u)[0]?.slice(0, 24) ?? "" }];
    case "blockquote":
      return [{ type: "quote", inside: blocksOf((token as Tokens.Blockquote).tokens, mentions, depth + 1) }];
    case "list": {
      const list = token as Tokens.List;
      const items = list.items.map((item) => itemOf(item, mentions, depth + 1));
      return [{ type: "list", ordered: list.ordered, start: list.start === "" ? 1 : list.start, items }];
    }
    default:
      return raw();
  }
}

function itemOf(item: Tokens.ListItem, mentions: readonly Mention[], depth: number): Block[] {
  const blocks = blocksOf(item.tokens.filter((token) => token.type !== "checkbox"), mentions, depth);
  if (!item.task) return blocks;
  const box: Inline = { type: "text", text: item.checked ? "☑ " : "☐ " };
  const [first, ...others] = blocks;
  if (first?.type !== "paragraph") return [{ type: "paragraph", inside: [box] }, ...blocks];
  return [{ type: "paragraph", inside: [box, ...first.inside] }, ...others];
}

function inlines(token: Token, mentions: readonly Mention[], depth: number): Inline[] {
  const tokens = "tokens" in token ? token.tokens : undefined;
  if (tokens === undefined || depth > DEPTH_CAP) return pieces("text" in token ? String(token.text) : token.raw, mentions);
  return tokens.flatMap((one) => inlineOf(one, mentions, depth + 1));
}

function inlineOf(token: Token, mentions: readonly Mention[], depth: number): Inline[] {
  switch (token.type) {
    case "strong":
    case "em":
    case "del":
      return [{ type: token.type, inside: inlines(token, mentions, depth) }];
    case "codespan":
      return [{ type: "code", text: (token as Tokens.Codespan).text }];
    case "br":
      return [{ type: "break" }];
    case "escape":
      return pieces((token as Tokens.Escape).text, mentions);
    case "link":
      return linkOf(token as Tokens.Link, mentions, depth);
    case "text":
      return "tokens" in token ? inlines(token, mentions, depth) : pieces((token as Tokens.Text).text, mentions);
    default:
      return pieces(token.raw, mentions);
  }
}

function linkOf(token: Tokens.Link, mentions: readonly Mention[], depth: number): Inline[] {
  const link = webLink(token.href);
  if (link === null) return pieces(token.raw, mentions);
  const bare = token.raw === token.href || token.text === token.href;
  return [{ type: "link", ...link, bare, inside: bare ? [{ type: "text", text: token.text }] : inlines(token, mentions, depth) }];
}

/** A run of words, with the people whom it names as pieces of their own. */
export function pieces(words: string, mentions: readonly Mention[]): Inline[] {
  if (words === "") return [];
  if (mentions.length === 0) return [{ type: "text", text: words }];
  const found: Inline[] = [];
  let rest = words;
  while (rest !== "") {
    const next = mentions
      .map((mention) => ({ mention, at: rest.indexOf(`nostr:${mention.npub}`) }))
      .filter(({ at }) => at >= 0)
      .sort((a, b) => a.at - b.at)[0];
    if (next === undefined) break;
    if (next.at > 0) found.push({ type: "text", text: rest.slice(0, next.at) });
    found.push({ type: "person", name: next.mention.name, me: next.mention.is_me });
    rest = rest.slice(next.at + `nostr:${next.mention.npub}`.length);
  }
  return rest === "" ? found : [...found, { type: "text", text: rest }];
}

/** The text with names in the place of keys, as one would read it out. */
export function readable(text: string, mentions: readonly Mention[]): string {
  return pieces(text, mentions).map((piece) => (piece.type === "person" ? `@${piece.name}` : "text" in piece ? piece.text : "")).join("");
}
