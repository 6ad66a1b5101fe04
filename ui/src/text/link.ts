// Owns which addresses in a message can be followed, and what is shown of them.
// Never opens one.

/** Longest address that can be followed, in characters. */
const LINK_CAP = 2_048;

export interface WebLink {
  href: string;
  /** The name of the place, in letters that cannot be mistaken for others. */
  host: string;
}

/** An address that can be followed: https, a host, nobody's name in it. */
export function webLink(address: string): WebLink | null {
  if (address.length > LINK_CAP || !/^https:\/\//iu.test(address) || /[\s\p{Cc}\p{Cf}]/u.test(address)) return null;
  try {
    const url = new URL(address);
    if (url.protocol !== "https:" || url.hostname === "" || url.username !== "" || url.password !== "") return null;
    return { href: url.href, host: url.host };
  } catch {
    return null;
  }
}
