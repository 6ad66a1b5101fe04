// Owns sentences with names in them: names are kept apart, so that a row can isolate them from the words around them.
// Never joins a name into the words.

/** A part of a sentence. */
export type Piece = { name: string } | { text: string };

/** Somebody in a sentence. */
export type Who = "you" | { name: string };

/** The backend calls the account itself `You`. */
export function whoOf(name: string): Who {
  return name === "You" ? "you" : { name };
}

export function name(value: string): Piece {
  return { name: value };
}

/** A sentence: what stands in braces are pieces, all else is words. */
export function line(words: TemplateStringsArray, ...values: (Piece | string)[]): Piece[] {
  const pieces: Piece[] = [];
  words.forEach((text, at) => {
    if (text !== "") pieces.push({ text });
    const value = values[at];
    if (typeof value === "string") pieces.push({ text: value });
    else if (value !== undefined) pieces.push(value);
  });
  return pieces;
}

/** Words in singular and plural; `#` stands for the number. */
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** Chooses by the language's rules of number. */
export function counting(language: string): (n: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(language);
  const digits = new Intl.NumberFormat(language);
  return (n, forms) => (forms[rules.select(n)] ?? forms.other).replaceAll("#", digits.format(n));
}
