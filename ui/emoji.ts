// Owns how the list of emoji is made at build time: the letters, their names and their groups, in each language of the window.
// Never ships what the picker does not show.
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

interface Entry {
  emoji: string;
  label: string;
  tags?: string[];
  group?: number;
  order?: number;
  version: number;
  skins?: { emoji: string; tone: number | number[] }[];
}

/** Newer ones are missing from the fonts of systems that are still in use. */
const NEWEST = 15.1;
/** Parts of other emoji, of no use by themselves. */
const COMPONENTS = 2;
const PREFIX = "virtual:emoji/";

function listOf(language: string): string {
  const all = JSON.parse(readFileSync(new URL(`./node_modules/emojibase-data/${language}/data.json`, import.meta.url), "utf8")) as Entry[];
  const shown = all.filter((one) => one.group !== undefined && one.group !== COMPONENTS && one.version <= NEWEST);
  shown.sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
  const rows = shown.map((one) => {
    const tones = (one.skins ?? []).filter((skin) => typeof skin.tone === "number").map((skin) => skin.emoji);
    return [one.emoji, one.label, (one.tags ?? []).join(" "), one.group, ...(tones.length === 5 ? [tones] : [])];
  });
  return `export default ${JSON.stringify(rows)};`;
}

export function emoji(): Plugin {
  return {
    name: "emoji",
    resolveId: (id) => (id.startsWith(PREFIX) ? `\0${id}` : null),
    load: (id) => (id.startsWith(`\0${PREFIX}`) ? listOf(id.slice(PREFIX.length + 1)) : null),
  };
}
