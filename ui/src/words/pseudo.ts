// Owns two languages that nobody speaks: a longer one with marks, and one that is written from right to left. For tests and for a look.
// Never part of a choice that a person is offered.
import { en, type Words } from "./en";
import type { Piece } from "./pieces";

const letters: Record<string, string> = { a: "à", e: "ë", i: "ï", o: "ö", u: "ü", c: "ç", n: "ñ", A: "Å", E: "É", I: "Î", O: "Ø", U: "Û" };

function marked(words: string): string {
  const strange = words.replace(/[aeioucnAEIOU]/gu, (letter) => letters[letter] ?? letter);
  return `⟦${strange}${"·".repeat(Math.ceil(words.length * 0.3))}⟧`;
}

/** U+202E and U+202C: whatever lies between is drawn from right to left. */
function turned(words: string): string {
  return `\u202e${words}\u202c`;
}

function isPiece(value: unknown): value is Piece {
  return typeof value === "object" && value !== null && Object.keys(value).length === 1 && ("text" in value || "name" in value);
}

/** Changes every sentence of a table; what is not a sentence stays. */
function through(value: unknown, change: (words: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (typeof value === "function") return (...args: unknown[]) => through((value as (...args: unknown[]) => unknown)(...args), change);
  if (Array.isArray(value)) return value.map((piece) => through(piece, change));
  if (isPiece(value)) return "text" in value ? { text: change(value.text) } : value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, through(inner, change)]));
}

export const pseudo = through(en, marked) as Words;
export const pseudoRightToLeft = through(en, turned) as Words;
