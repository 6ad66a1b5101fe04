// Owns how people and chats are abbreviated: initials, a colour that stays, a short npub.
// Never looks anybody up.

/** Number of avatar colours in the stylesheet (`.tint-0` and on). */
export const TINTS = 10;

/** A 32-bit sum (FNV-1a) that spreads well and hides nothing. */
export function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193) >>> 0;
  }
  return hash;
}

const LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/** The 64 hex digits of an npub (bech32, BIP 173; its sum is not looked at); anything else as it is. */
export function keyOf(id: string): string {
  if (!/^npub1[02-9ac-hj-np-z]{58}$/u.test(id)) return id;
  const bits = [...id.slice(5, 57)].map((letter) => LETTERS.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return (bits.slice(0, 256).match(/.{4}/gu) ?? []).map((four) => Number.parseInt(four, 2).toString(16)).join("");
}

/** The same colour for the same id, for ever; a person has one colour under the key and under the npub. */
export function tintOf(id: string): number {
  const hash = hashOf(keyOf(id));
  return ((hash ^ (hash >>> 15)) >>> 0) % TINTS;
}

/** One or two characters; a whole grapheme each, so that emoji and combined letters stay in one piece. */
export function initials(name: string): string {
  const words = name.replace(/^npub1/u, "").split(/[\s,·•]+/u).filter((word) => word !== "");
  const firsts = words.map((word) => firstGrapheme(word.replace(/^[("'“#@]+/u, "")));
  return firsts.filter((first) => first !== "").slice(0, 2).join("").toLocaleUpperCase();
}

function firstGrapheme(word: string): string {
  if (word === "") return "";
  if ("Segmenter" in Intl) {
    const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(word);
    for (const { segment } of segments) return segment;
  }
  return [...word][0] ?? "";
}

/** `npub1abcd…wxyz`. */
export function shortNpub(npub: string): string {
  return npub.length <= 20 ? npub : `${npub.slice(0, 12)}…${npub.slice(-6)}`;
}

/** Whether a name is only this key, whole or abbreviated, as it is for people without a name. */
export function isKey(name: string, npub: string): boolean {
  const [head = "", tail = "", ...more] = name.split("…");
  return more.length === 0 && head.startsWith("npub1") && npub.startsWith(head) && npub.endsWith(tail);
}
