// Owns how people are named while one writes: `@Name` in the composer, `nostr:npub…` in what is sent.
// Never looks anybody up.

export interface Named {
  npub: string;
  name: string;
}

/** A name that only one person has among `people`, without what would end it early. */
export function labelOf(person: Named, people: readonly Named[]): string {
  const name = person.name.replace(/\s+/gu, " ").trim();
  const twins = people.filter((one) => one.npub !== person.npub && one.name.trim().toLocaleLowerCase() === name.toLocaleLowerCase());
  return twins.length === 0 ? name : `${name} ·${person.npub.slice(-4)}`;
}

/** What is sent for what was typed: each `@Name` of somebody in `people` becomes that person's key. */
export function toWire(text: string, people: readonly Named[]): string {
  if (!text.includes("@")) return text;
  const labels = people.map((one) => ({ npub: one.npub, label: labelOf(one, people) })).filter((one) => one.label !== "");
  // The longest first: "Jo Ann" is not "Jo".
  labels.sort((a, b) => b.label.length - a.label.length);
  let out = "";
  let rest = text;
  for (let at = rest.indexOf("@"); at >= 0; at = rest.indexOf("@")) {
    const before = rest.slice(0, at);
    const after = rest.slice(at + 1);
    const found = isWordEnd(out + before) ? labels.find(({ label }) => after.startsWith(label) && !isWord(after.slice(label.length))) : undefined;
    out += found === undefined ? `${before}@` : `${before}nostr:${found.npub}`;
    rest = found === undefined ? after : after.slice(found.label.length);
  }
  return out + rest;
}

/** What is put into the composer for a text as it is on the wire. */
export function fromWire(text: string, people: readonly Named[]): string {
  return people.reduce((words, one) => words.replaceAll(`nostr:${one.npub}`, `@${labelOf(one, people)}`), text);
}

function isWord(rest: string): boolean {
  return /^[\p{L}\p{N}_]/u.test(rest);
}

/** Whether a name may begin after this. */
function isWordEnd(before: string): boolean {
  return !/[\p{L}\p{N}_./:@-]$/u.test(before);
}
