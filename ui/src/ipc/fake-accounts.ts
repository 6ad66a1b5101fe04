// Owns the accounts of the in-memory backend: the rail, the lock and the safety of keys.
// Never leaves the page.
import type { AccountEntry, KeySafety, LogOutSummary, Session } from "./generated";

/** How each of several accounts stands. */
export class FakeAccounts {
  list: AccountEntry[] = [];
  current: string | null = null;
  lockAfter = 0;
  safety: KeySafety = { key_place: "keychain", keychain: true, recovery: false };
  /** What the native question before a loss is answered with. */
  agrees = true;

  /** Notes how the session stands; the account that it names is the current one. */
  take(session: Session): void {
    if (session.state === "first_run") {
      this.current = null;
      return;
    }
    if (session.state === "ready" && session.account.try_it) {
      this.current = session.account.npub;
      return;
    }
    const npub = session.state === "ready" ? session.account.npub : session.npub;
    const before = this.list.find((one) => one.npub === npub);
    const state = session.state === "ready" ? "open" : session.state === "locked" ? "locked" : "unavailable";
    const name = session.state === "ready" ? session.account.name : (before?.name ?? "");
    this.put({ npub, name, state, unread: state === "open" ? (before?.unread ?? 0) : 0 });
    this.current = npub;
    if (session.state === "ready") this.safety = { ...this.safety, key_place: session.account.key_place };
  }

  put(entry: AccountEntry): void {
    const at = this.list.findIndex((one) => one.npub === entry.npub);
    this.list = at < 0 ? [...this.list, entry] : this.list.with(at, entry);
  }

  /** A session for an account of the list; locked ones stay so. */
  sessionOf(npub: string): Session {
    const entry = this.list.find((one) => one.npub === npub);
    const { key_place, recovery } = this.safety;
    if (entry === undefined) return { state: "first_run", key_place };
    if (entry.state !== "open") return { state: "locked", npub, key_place, recovery };
    return { state: "ready", account: { npub, name: entry.name, key_place, try_it: false, other_clients: 0 } };
  }

  summary(npub: string, messages: number, groups: number, unsent: number): LogOutSummary {
    const entry = this.list.find((one) => one.npub === npub);
    const open = entry?.state === "open";
    return { npub, name: entry?.name ?? "", messages: open ? messages : null, groups: open ? groups : null, unsent: open ? unsent : null };
  }
}
