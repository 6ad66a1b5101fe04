// Owns how a key combination is written on this system.
const apple = /Mac/u.test(navigator.platform);

/** `Ctrl+K`, or `⌘K` on a Mac. */
export function shortcut(key: string): string {
  return apple ? `⌘${key}` : `Ctrl+${key}`;
}
