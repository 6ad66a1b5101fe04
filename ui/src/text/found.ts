// Owns where the words that are searched for stand in a text.
// Never searches anything but the text that is shown.
import { folded } from "./typing";

export interface MarkedPiece {
  text: string;
  hit: boolean;
}

/** Longest text in which hits are marked, in characters. */
const MARKED_CAP = 20_000;

/** The text in pieces, those marked that `query` asks for: each of its words, or what stands in quotes. */
export function marksOf(text: string, query: string): MarkedPiece[] {
  const wanted = [...query.matchAll(/"([^"]+)"|(\S+)/gu)].map((match) => folded(match[1] ?? match[2] ?? "").trim()).filter((word) => word !== "");
  if (wanted.length === 0 || text.length > MARKED_CAP) return [{ text, hit: false }];
  // Folding may change the length, so that each letter remembers where it stood.
  const letters = [...text];
  const starts: number[] = [];
  let plain = "";
  letters.forEach((letter, at) => {
    const small = folded(letter);
    for (let n = 0; n < small.length; n += 1) starts.push(at);
    plain += small;
  });
  const hit = new Array<boolean>(letters.length).fill(false);
  for (const word of wanted) {
    for (let at = plain.indexOf(word); at >= 0; at = plain.indexOf(word, at + word.length)) {
      for (let n = at; n < at + word.length; n += 1) hit[starts[n] ?? 0] = true;
    }
  }
  const pieces: MarkedPiece[] = [];
  letters.forEach((letter, at) => {
    const last = pieces.at(-1);
    const is = hit[at] === true;
    if (last !== undefined && last.hit === is) last.text += letter;
    else pieces.push({ text: letter, hit: is });
  });
  return pieces;
}
