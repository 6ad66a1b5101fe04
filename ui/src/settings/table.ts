// Owns which settings there are and on which page each stands.
// Never holds their words: the tables of the languages do.

export const PAGES = {
  accounts: ["identity", "accounts"],
  appearance: ["theme", "size", "motion", "language"],
  chats: ["enter"],
  notifications: ["notifications", "quiet"],
  privacy: ["invitations", "blocked"],
  data: ["database"],
  network: ["reachability", "reach", "publish", "proxy", "health"],
  security: ["lock", "key", "passphrase", "recovery"],
  advanced: ["start", "outbox", "catchUp"],
  about: ["about", "updates"],
} as const;

export type SettingsPage = keyof typeof PAGES;
export type SettingsSection = (typeof PAGES)[SettingsPage][number];

/** What a try has no use for: its key and relay go with it. */
const REAL: readonly SettingsSection[] = ["accounts", "invitations", "reachability", "reach", "publish", "proxy", "health", "lock", "key", "passphrase", "recovery"];

export function sectionsOf(page: SettingsPage, tryIt: boolean): SettingsSection[] {
  return PAGES[page].filter((section) => !tryIt || !REAL.includes(section));
}
