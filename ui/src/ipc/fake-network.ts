// Owns the relays, the outbox and the catching up of the in-memory backend.
// Never leaves the page.
import type {
  OutboxItem, Proxy, Reachability, ReachName, RelayEntry, RelayHealth, RelayListChange, RelayListEdit, RelayListVersion, RelayLists, RelayRole,
  SyncState,
} from "./generated";

export const reachable = (relays: string[], at: number): Reachability => ({
  state: "yes",
  checked_at: at,
  checking: false,
  parts: (["relay_list", "inbox_list", "key_package"] satisfies ReachName[]).map((name) => ({
    name, state: "yes", reason: "", fix: "none", relays: relays.map((url) => ({ url, found: "current", detail: "" })),
  })),
});

export const caughtUp: SyncState = { caught_up: true, fetched: 0, applied: 0, remaining: 0, relays_open: 0, gaps: [], unreadable: [], clock: null };

export class FakeNetwork {
  reach: RelayEntry[];
  publish: RelayEntry[];
  versions: RelayListVersion[] = [];
  way: Proxy = { way: "off" };
  reachability: Reachability;
  outbox: OutboxItem[] = [];
  sync: SyncState = caughtUp;
  #nextVersion = 1;

  constructor(relays: string[], readonly now: () => number) {
    const entry = (url: string): RelayEntry => ({ url, read: true, write: true, used: true });
    this.reach = relays.map(entry);
    this.publish = [...relays.map(entry), { url: "wss://relay.of-another-app.example", read: true, write: false, used: false }];
    this.#remember("reach");
    this.#remember("publish");
    this.reachability = reachable(relays, now());
  }

  lists(groups: RelayLists["groups"]): RelayLists {
    return { reach: [...this.reach], publish: [...this.publish], groups, versions: [...this.versions], published: true };
  }

  preview({ role, relays, remove }: RelayListEdit): RelayListChange {
    const before = this.#list(role);
    const wanted = [...new Set(relays.map((url) => url.trim()).filter((url) => url !== ""))];
    const kept = before.filter((one) => !one.used && !remove.includes(one.url) && !wanted.includes(one.url)).map((one) => one.url);
    const after = [...kept, ...wanted];
    return {
      role, kept, after,
      added: wanted.filter((url) => before.every((one) => one.url !== url)),
      removed: before.filter((one) => !after.includes(one.url)).map((one) => one.url),
      read_from: before.map((one) => one.url),
      not_read: [],
    };
  }

  set(edit: RelayListEdit): void {
    const { after, kept } = this.preview(edit);
    this.#put(edit.role, after.map((url) => ({ url, read: true, write: true, used: !kept.includes(url) })));
  }

  restore(version: number): boolean {
    const found = this.versions.find((one) => one.id === version);
    if (found === undefined) return false;
    this.#put(found.role, found.relays.map((url) => ({ url, read: true, write: true, used: true })));
    return true;
  }

  health(connected: boolean, groupRelays: string[]): RelayHealth[] {
    const own = [...new Set([...this.reach, ...this.publish].filter((one) => one.used).map((one) => one.url))];
    const role = (list: RelayEntry[], url: string) => list.some((one) => one.used && one.url === url);
    const one = (url: string, line: RelayHealth["line"], roles: RelayRole[]): RelayHealth => ({
      url, line, roles,
      state: connected ? "connected" : "resting",
      words: connected ? "Connected." : "Not reachable: no answer in time. Murmel tries again by itself.",
      latency: connected ? 80 : null,
      last_error: connected ? null : { words: "no answer in time", at: this.now() - 20 },
      auth: "none",
      delivered_at: connected ? this.now() - 5 : null,
      next_try_at: connected ? null : this.now() + 10,
      score: connected ? 93 : 31,
    });
    const roles = (url: string): RelayRole[] => [
      ...(role(this.reach, url) ? (["reach"] as const) : []),
      ...(role(this.publish, url) ? (["publish"] as const) : []),
    ];
    return [...own.map((url) => one(url, "account", roles(url))), ...groupRelays.map((url) => one(url, "groups", ["group"]))];
  }

  #list(role: RelayRole): RelayEntry[] {
    return role === "reach" ? this.reach : this.publish;
  }

  #put(role: RelayRole, list: RelayEntry[]): void {
    if (role === "reach") this.reach = list;
    else this.publish = list;
    this.#remember(role);
  }

  #remember(role: RelayRole): void {
    const relays = this.#list(role).map((one) => one.url);
    const older = this.versions.map((one) => (one.role === role ? { ...one, current: false } : one));
    this.versions = [{ id: this.#nextVersion++, role, created_at: this.now(), relays, current: true }, ...older];
  }
}
