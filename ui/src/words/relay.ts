// Owns what counts as the address of a relay.
// Never connects to one.

/** An address as it is kept, or `null` where it is none. Unencrypted `ws:` is for this computer and the local network only. */
export function relayAddress(typed: string): string | null {
  const text = typed.trim();
  if (text === "") return null;
  const full = /^[a-z][a-z0-9+.-]*:\/\//iu.test(text) ? text : `wss://${text}`;
  try {
    const url = new URL(full);
    if (url.protocol !== "wss:" && url.protocol !== "ws:") return null;
    if (url.hostname === "" || url.username !== "" || url.password !== "" || url.hash !== "") return null;
    if (!url.hostname.includes(".") && url.hostname !== "localhost" && !url.hostname.startsWith("[")) return null;
    return url.pathname === "/" && url.search === "" ? `${url.protocol}//${url.host}` : url.href;
  } catch {
    return null;
  }
}
