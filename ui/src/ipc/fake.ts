// Owns an in-memory backend with invented people, for tests and for a look at the screens in a plain browser.
// Never leaves the page, and is not part of the bundle that ships.
import { compareCursors } from "./cursor";
import type { Backend } from "./backend";
import { FakeAccounts } from "./fake-accounts";
import { FakeDesktop } from "./fake-desktop";
import { FakePeople, noKeyPackage, refuse } from "./fake-people";
import { fakeNpub, groupOf, jonas, lena, mara, me, RELAYS, requestOf, rowOf, sami, talkMessages } from "./fake-data";
import { mentionsOf, textOf, withoutReaction, withoutText, withReaction, withText } from "./fake-messages";
import { FakeNetwork, reachable } from "./fake-network";
import { FakeUpdates } from "./fake-updates";
import type {
  AccountView, ChatRow, CheckReport, Cursor, Delivery, Desktop, Event, EventKind, GroupAvatar, GroupDetails, GroupImage, KeyPlace, Language, MessageView, NotificationChoices, OutboxItem, PauseFor, PersonPreview,
  Proxy, Reachability, RelayHealth, RelayListChange, RelayListEdit, RelayLists, RequestView, Revision, Session, Settings, SetupStep,
  Snapshot, SyncState, TimelinePage,
  SearchPage, SearchQuery, Updates,
} from "./generated";

const done: SetupStep[] = [
  { name: "look_up", state: "done", code: null, detail: "" },
  { name: "relay_lists", state: "done", code: null, detail: "" },
  { name: "key_package", state: "done", code: null, detail: "" },
];

export class FakeBackend extends FakePeople implements Backend {
  #session: Session = { state: "first_run", key_place: "keychain" };
  readonly accounts = new FakeAccounts();
  override chats: ChatRow[] = [];
  override requests: RequestView[] = [];
  setup: SetupStep[] = done;
  groups = new Map<string, GroupDetails>();
  override messages = new Map<string, MessageView[]>();
  outbox = 0;
  connected = true;
  settings: Settings = { who_may_add_me: "anyone" };
  readonly around = new FakeDesktop();
  readonly newer = new FakeUpdates((updates) => this.emit({ type: "updates", updates }));
  relays = [...RELAYS];
  /** Relays that only groups use. */
  groupRelays: string[] = [];
  net: FakeNetwork;
  seq = 0;
  /** Commands that were called, oldest first, for tests. */
  override calls: [string, ...unknown[]][] = [];
  #listen: ((event: Event) => void) | null = null;
  #revisions = new Map<number, Revision[]>();
  #nextMessage = 1_000;
  #nextGroup = 1;

  constructor(session: Session, override readonly now = () => Math.floor(Date.now() / 1000)) {
    super();
    this.session = session;
    this.net = new FakeNetwork(this.relays, now);
  }

  get session(): Session {
    return this.#session;
  }

  set session(session: Session) {
    this.#session = session;
    this.accounts.take(session);
  }

  /** `?messages=` so many old ones in the first conversation; `?ago=` so many seconds since all of it; `?updates=` one of `updateStates`; `?fake=` one of first-run, vault, locked, unavailable, empty, setup, try, many, chatter, accounts; else the full conversation. */
  static fromQuery(query: string): FakeBackend {
    const asked = new URLSearchParams(query);
    const screen = asked.get("fake") ?? "ready";
    const npub = me.npub;
    if (screen === "first-run") return new FakeBackend({ state: "first_run", key_place: "keychain" });
    if (screen === "vault") return new FakeBackend({ state: "first_run", key_place: "vault" });
    if (screen === "locked") return new FakeBackend({ state: "locked", npub, key_place: "vault", recovery: true });
    if (screen === "unavailable") {
      const message = "The keychain of this computer is locked, so Murmel cannot open your messages. Unlock the keychain, then try again.";
      return new FakeBackend({ state: "key_unavailable", npub, reason: "keychain_locked", retryable: true, recovery: false, message });
    }
    const ago = Number(asked.get("ago") ?? 0);
    const fake = new FakeBackend({ state: "ready", account: account(screen) }, () => Math.floor(Date.now() / 1000) - ago);
    fake.newer.take(asked.get("updates"));
    if (screen !== "empty") fake.fill(Number(asked.get("messages") ?? (screen === "many" ? 3_000 : 0)));
    if (screen === "accounts") fake.accounts.put({ npub: fakeNpub(90), name: "Work", state: "open", unread: 3 });
    if (screen === "setup") fake.breakSetup();
    if (screen === "chatter") setInterval(() => fake.receive("a1".repeat(16), "Still talking."), 1_500);
    return fake;
  }

  /** Three conversations and a request; `extra` old messages before the talk. */
  fill(extra = 0): this {
    const now = this.now();
    const lake = groupOf("a1".repeat(16), "Lake weekend", "Who brings what, trains, and the weather.", [me, jonas, mara, sami]);
    const talk = talkMessages(lake.id, now);
    this.#add(lake, [...oldMessages(lake.id, talk, extra), ...talk], 0);
    const pair = groupOf("b2".repeat(16), "", "", [me, jonas]);
    this.#add(pair, [
      this.#text(pair.id, jonas.pubkey, jonas.name, "Can you send me the address again?", now - 9_000, 501),
      this.#own(pair.id, "Mühlweg 3, the door on the left", now - 8_700, 502, { state: "failed", cause: "refused", reason: "every relay refused it" }),
    ], 0);
    const book = groupOf("c3".repeat(16), "Book club: long novels only", "", [me, mara, sami]);
    this.#add(book, [
      this.#text(book.id, mara.pubkey, mara.name, "Chapter nine was the turning point for me.", now - 90_000, 601),
      this.#text(book.id, sami.pubkey, sami.name, "هل نلتقي يوم الخميس؟", now - 86_000, 602),
      this.#text(book.id, mara.pubkey, mara.name, "Thursday works. Bring your notes about the lighthouse.", now - 85_000, 603),
    ], 2);
    const old = { ...groupOf("d4".repeat(16), "Flat hunting", "", [me, jonas]), state: "left" as const };
    this.#add(old, [this.#text(old.id, jonas.pubkey, jonas.name, "We have it. Signed this morning!", now - 3_000_000, 701)], 0);
    this.requests = [requestOf(now)];
    this.groupRelays = ["wss://relay.example.org"];
    return this;
  }

  breakSetup(): void {
    this.setup = [
      { name: "look_up", state: "done", code: null, detail: "" },
      { name: "relay_lists", state: "failed", code: "offline", detail: "No relay answered. Check the connection; Murmel tries again by itself." },
      { name: "key_package", state: "waiting", code: null, detail: "" },
    ];
    this.connected = false;
  }

  override emit(kind: EventKind): void {
    this.seq += 1;
    this.#listen?.({ seq: this.seq, account: kind.type === "session" ? null : this.accounts.current, ...kind });
  }

  /** Somebody else's message arrives. */
  receive(chat: string, text: string): MessageView {
    const message = this.#text(chat, mara.pubkey, mara.name, text, this.now(), this.#nextMessage++);
    this.#store(message);
    return message;
  }

  async subscribe(onEvent: (event: Event) => void): Promise<Snapshot> {
    this.calls.push(["subscribe"]);
    this.#listen = onEvent;
    const { seq, session, settings, around } = this;
    const { list, current, lockAfter, safety } = this.accounts;
    const of = { accounts: list, current, new_key_place: safety.keychain ? ("keychain" as const) : ("vault" as const), lock_after: lockAfter };
    return { seq, session, ...of, settings, notifications: around.notifications, chats: [...this.chats], requests: [...this.requests], setup: this.setup, network: this.#network() };
  }

  async inspectKey(key: string, password: string | null, _accountIndex?: number) {
    const key_place = this.#keyPlace();
    if (/^ncryptsec1[a-z0-9]{20,}$/u.test(key)) {
      if (password !== null && password !== "" && password !== "correct") throw refuse("wrong_password", "This password does not open the key.");
      return { kind: "ncryptsec" as const, npub: password === "correct" ? me.npub : null, key_place };
    }
    if ([12, 24].includes(key.trim().split(/\s+/u).length)) return { kind: "words" as const, npub: me.npub, key_place };
    if (/^nsec1[a-z0-9]{58}$/u.test(key)) return { kind: "nsec" as const, npub: me.npub, key_place };
    if (/^[0-9a-f]{64}$/iu.test(key)) return { kind: "hex" as const, npub: me.npub, key_place };
    throw refuse("invalid_key", "This is not a Nostr secret key. It starts with nsec1 or ncryptsec1, or has 64 hex digits.");
  }

  override async inspectPerson(text: string): Promise<PersonPreview> {
    const known = [me, jonas, mara, sami, lena].find((one) => one.npub === text || one.pubkey === text);
    if (known !== undefined) return { npub: known.npub, pubkey: known.pubkey, name: known.name, is_me: known.is_me };
    if (!/^npub1[a-z0-9]{58}$/u.test(text)) {
      throw refuse("invalid_person", "This is not an npub, an nprofile or a public key of 64 hex digits.");
    }
    const pubkey = [...text.slice(5, 37)].map((char) => (char.charCodeAt(0) % 256).toString(16).padStart(2, "0")).join("");
    return { npub: text, pubkey, name: null, is_me: false };
  }

  async createIdentity(args: { name: string }): Promise<Session> {
    this.calls.push(["createIdentity", args]);
    return this.#enter({ ...account("ready"), name: args.name, key_place: this.#keyPlace() });
  }

  async importIdentity(args: { key: string; password: string | null; passphrase: string | null }): Promise<Session> {
    this.calls.push(["importIdentity", args]);
    await this.inspectKey(args.key, args.password);
    return this.#enter({ ...account("ready"), other_clients: 1, key_place: this.#keyPlace() });
  }

  async switchAccount(account: string): Promise<Session> {
    this.calls.push(["switchAccount", account]);
    this.session = this.accounts.sessionOf(account);
    this.emit({ type: "session", session: this.session });
    return this.session;
  }

  async logOutSummary(account: string) {
    const messages = [...this.messages.values()].reduce((sum, all) => sum + all.length, 0);
    return this.accounts.summary(account, messages, this.groups.size, this.outbox);
  }

  async logOut(account: string, leaveGroups: boolean) {
    this.calls.push(["logOut", account, leaveGroups]);
    if (!this.accounts.agrees) return { done: false, not_left: [] };
    const rest = this.accounts.list.filter((one) => one.npub !== account);
    this.accounts.list = rest;
    if (this.accounts.current === account) {
      this.chats = [];
      this.requests = [];
      this.session = this.accounts.sessionOf(rest[0]?.npub ?? "");
    }
    this.emit({ type: "session", session: this.session });
    return { done: true, not_left: [] };
  }

  async lock(): Promise<Session> {
    this.calls.push(["lock"]);
    const { key_place, recovery } = this.accounts.safety;
    this.accounts.list = this.accounts.list.map((one) => ({ ...one, state: "locked" as const, unread: 0 }));
    if (this.accounts.current !== null) this.session = { state: "locked", npub: this.accounts.current, key_place, recovery };
    this.emit({ type: "session", session: this.session });
    return this.session;
  }

  async setLockAfter(minutes: number): Promise<void> {
    this.accounts.lockAfter = minutes;
    this.emit({ type: "lock_after", minutes });
  }

  async inUse(): Promise<void> {
    this.calls.push(["inUse"]);
  }

  async keySafety() {
    return this.accounts.safety;
  }

  async exportKey(password: string): Promise<boolean> {
    if (password === "") throw refuse("invalid_input", "The password is empty. Choose one that nobody guesses.");
    this.calls.push(["exportKey"]);
    return this.accounts.agrees;
  }

  async changePassphrase(args: { old: string }): Promise<void> {
    if (args.old !== "correct") throw refuse("wrong_password", "This passphrase does not open the vault. Check it and try again.");
    this.calls.push(["changePassphrase"]);
  }

  async moveKey(to: KeyPlace, passphrase: string | null): Promise<void> {
    if (passphrase === null || passphrase === "") throw refuse("password_needed", "Enter the passphrase of this account.");
    this.calls.push(["moveKey", to]);
    if (this.session.state === "ready") this.#enter({ ...this.session.account, key_place: to });
  }

  async makeRecoveryCode(): Promise<boolean> {
    this.calls.push(["makeRecoveryCode"]);
    this.accounts.safety = { ...this.accounts.safety, recovery: this.accounts.agrees };
    return this.accounts.agrees;
  }

  async removeRecoveryCode(): Promise<boolean> {
    this.calls.push(["removeRecoveryCode"]);
    if (this.accounts.agrees) this.accounts.safety = { ...this.accounts.safety, recovery: false };
    return this.accounts.agrees;
  }

  async recover(args: { code: string }): Promise<Session> {
    if (args.code.length < 32) throw refuse("invalid_input", "The recovery code is too short. It has 8 groups of 4 letters and digits; check it.");
    this.calls.push(["recover"]);
    this.fill();
    return this.#enter(account("ready"));
  }

  async unlock(args: { passphrase: string }): Promise<Session> {
    if (this.session.state === "key_unavailable") {
      if (!this.session.retryable) throw refuse("key_missing", this.session.message);
      this.fill();
      return this.#enter(account("ready"));
    }
    if (args.passphrase !== "correct") throw refuse("wrong_password", "This passphrase does not open the vault. Check it and try again.");
    this.fill();
    return this.#enter({ ...account("ready"), key_place: "vault" });
  }

  async tryIt(): Promise<Session> {
    this.calls.push(["tryIt"]);
    this.fill();
    return this.#enter(account("try"));
  }

  async removeTryIt(): Promise<Session> {
    this.chats = [];
    this.requests = [];
    this.session = { state: "first_run", key_place: "keychain" };
    this.emit({ type: "session", session: this.session });
    return this.session;
  }

  override async createGroup(args: { name: string; description: string; people: string[] }) {
    this.calls.push(["createGroup", args]);
    const id = this.#nextGroup.toString(16).padStart(32, "e");
    this.#nextGroup += 1;
    const found = await Promise.all(args.people.map((one) => this.inspectPerson(one)));
    const invited = found.filter((one) => one.name !== null);
    const members = invited.map((one) => ({ ...one, name: one.name ?? "", is_admin: false, invitation: null }));
    this.#add(groupOf(id, args.name, args.description, [me, ...members]), [], 0);
    this.emit({ type: "chat", chat: this.#row(id) });
    const not_invited = found
      .filter((one) => one.name === null)
      .map((one) => ({ npub: one.npub, refusal: noKeyPackage }));
    return { chat: id, not_invited };
  }

  async group(chat: string): Promise<GroupDetails> {
    return this.#group(chat);
  }

  async invite(chat: string, added: string[]) {
    this.calls.push(["invite", chat, added]);
    const found = await Promise.all(added.map((one) => this.inspectPerson(one)));
    const members = found.filter((one) => one.name !== null).map((one) => ({ ...one, name: one.name ?? "", is_admin: false, invitation: { state: "waiting" as const } }));
    // Those who are in the group already get their invitation again.
    this.#change(chat, (group) => ({ ...group, members: [...group.members.filter((old) => !members.some((one) => one.pubkey === old.pubkey)), ...members] }));
    return found.filter((one) => one.name === null).map((one) => ({ npub: one.npub, refusal: noKeyPackage }));
  }

  async removeMember(chat: string, pubkey: string): Promise<void> {
    this.#change(chat, (group) => ({ ...group, members: group.members.filter((one) => one.pubkey !== pubkey) }));
  }

  async promote(chat: string, pubkey: string): Promise<void> {
    this.#setAdmin(chat, pubkey, true);
  }

  async demote(chat: string, pubkey: string): Promise<void> {
    this.#setAdmin(chat, pubkey, false);
  }

  async rename(chat: string, name: string): Promise<void> {
    this.#change(chat, (group) => ({ ...group, name }));
  }

  async describe(chat: string, description: string): Promise<void> {
    this.#change(chat, (group) => ({ ...group, description }));
  }

  async leave(chat: string, successor: string | null): Promise<void> {
    this.calls.push(["leave", chat, successor]);
    const { members, i_am_admin } = this.#group(chat);
    const others = members.filter((one) => !one.is_me);
    if (i_am_admin && others.length > 0 && successor === null && !others.some((one) => one.is_admin)) {
      throw refuse("last_admin", "You are the only admin. Appoint another one first.");
    }
    this.#change(chat, (group) => ({ ...group, state: "leaving" }));
  }

  async setRetention(chat: string, seconds: number): Promise<void> {
    this.calls.push(["setRetention", chat, seconds]);
    this.#change(chat, (group) => ({ ...group, retention: seconds }));
  }

  async setAvatar(chat: string, avatar: GroupAvatar | null): Promise<void> {
    this.calls.push(["setAvatar", chat, avatar]);
    if (avatar !== null && !avatar.url.startsWith("https://")) throw refuse("invalid_input", "The address of a picture begins with https://.");
    this.#change(chat, (group) => ({ ...group, avatar: avatar?.url ?? null }));
  }

  async setImage(chat: string, image: GroupImage | null): Promise<void> {
    this.calls.push(["setImage", chat, image]);
  }

  async moveGroup(chat: string, relays: string[], newTag: boolean): Promise<void> {
    this.calls.push(["moveGroup", chat, relays, newTag]);
    this.#change(chat, (group) => ({ ...group, relays }));
  }

  async upgradeGroup(chat: string): Promise<void> {
    this.calls.push(["upgradeGroup", chat]);
    throw refuse("invalid_input", "The group is up to date.");
  }

  async endGroup(chat: string): Promise<void> {
    this.calls.push(["endGroup", chat]);
    this.#change(chat, (group) => ({ ...group, state: "ended" }));
  }

  async accept(request: string): Promise<string> {
    this.calls.push(["accept", request]);
    const id = "f5".repeat(16);
    const { group_name, description } = this.requests.find((one) => one.id === request) ?? requestOf(0);
    await this.decline(request);
    this.#add({ ...groupOf(id, group_name, description, [me, mara]), i_am_admin: false }, [], 0);
    this.emit({ type: "chat", chat: this.#row(id) });
    return id;
  }

  async decline(request: string): Promise<void> {
    this.calls.push(["decline", request]);
    this.requests = this.requests.filter((one) => one.id !== request);
    this.emit({ type: "request_removed", id: request });
  }

  async timeline(chat: string, before: Cursor | null, limit: number) {
    const end = before === null ? (this.messages.get(chat) ?? []).length : this.#place(chat, before);
    return this.#page(chat, end - limit, end);
  }

  async timelineAfter(chat: string, after: Cursor, limit: number) {
    const start = this.#place(chat, after) + 1;
    return this.#page(chat, start, start + limit);
  }

  async timelineAround(chat: string, message: number, limit: number) {
    const all = this.messages.get(chat) ?? [];
    const at = all.findIndex((one) => one.id === message);
    if (at < 0) throw refuse("not_found", "This message is not here any more.");
    const start = Math.max(0, Math.min(at - Math.floor((limit - 1) / 2), all.length - limit));
    return this.#page(chat, start, start + limit);
  }

  async send(args: { chat: string; text: string; reply_to: number | null }): Promise<MessageView> {
    this.calls.push(["send", args]);
    if (args.text.length > 30_000) throw refuse("too_large", "The text is longer than what can be sent. Shorten it and send again.");
    const message = this.#own(args.chat, args.text, this.now(), this.#nextMessage++, { state: "queued" });
    if (message.kind.type === "text") message.kind = { ...message.kind, mentions: mentionsOf(args.text, this.#group(args.chat).members) };
    const target = (this.messages.get(args.chat) ?? []).find((one) => one.id === args.reply_to);
    if (message.kind.type === "text" && target?.kind.type === "text") {
      message.kind = { ...message.kind, reply_to: target.id, quote: { type: "text", text: target.kind.text } };
    }
    this.#store(message);
    setTimeout(() => this.#store({ ...message, state: { state: "sent", accepted: 3, relays: 3 } }), 700);
    return message;
  }

  async retry(message: number): Promise<void> {
    this.calls.push(["retry", message]);
    const found = [...this.messages.values()].flat().find((one) => one.id === message);
    if (found === undefined) throw refuse("not_found", "This message is not here any more.");
    this.#store({ ...found, state: { state: "queued" } });
  }

  async cancelMessage(message: number): Promise<void> {
    this.calls.push(["cancelMessage", message]);
    const found = this.#found(message);
    this.messages.set(found.chat, (this.messages.get(found.chat) ?? []).filter((one) => one.id !== message));
    this.emit({ type: "messages_removed", chat: found.chat, messages: [message] });
  }

  async react(message: number, emoji: string): Promise<void> {
    this.calls.push(["react", message, emoji]);
    this.#store(withReaction(this.#found(message), emoji));
  }

  async unreact(message: number, emoji: string): Promise<void> {
    this.calls.push(["unreact", message, emoji]);
    this.#store(withoutReaction(this.#found(message), emoji));
  }

  async edit(message: number, text: string): Promise<void> {
    this.calls.push(["edit", message, text]);
    const found = this.#found(message);
    this.#revisions.set(message, [...this.#revisionsOf(found), { text, at: this.now() }]);
    this.#store(withText(found, text, this.#group(found.chat).members));
  }

  async deleteMessage(message: number): Promise<void> {
    this.calls.push(["deleteMessage", message]);
    this.#store(withoutText(this.#found(message)));
  }

  async history(message: number): Promise<Revision[]> {
    return this.#revisionsOf(this.#found(message));
  }

  #revisionsOf(message: MessageView): Revision[] {
    const text = message.kind.type === "text" ? message.kind.text : "";
    const first = message.kind.type === "text" && message.kind.edited ? [{ text: `${text.slice(0, 40)} (as first written)`, at: message.at }] : [];
    return this.#revisions.get(message.id) ?? [...first, { text, at: message.at + 60 * first.length }];
  }

  async search({ text, chat, limit }: SearchQuery): Promise<SearchPage> {
    const wanted = text.toLowerCase().trim();
    const all = [...this.messages.values()].flat().filter((one) => (chat === null || one.chat === chat) && one.kind.type === "text");
    const found = all.filter((one) => wanted !== "" && one.kind.type === "text" && one.kind.text.toLowerCase().includes(wanted)).sort((a, b) => b.at - a.at);
    const hits = found.slice(0, limit).map((one) => {
      const words = one.kind.type === "text" ? one.kind.text : "";
      const at = words.toLowerCase().indexOf(wanted);
      const parts = [words.slice(0, at), words.slice(at, at + wanted.length), words.slice(at + wanted.length)];
      const snippet = parts.map((part, n) => ({ text: part, found: n === 1 })).filter((part) => part.text !== "");
      const chat_name = this.#row(one.chat).name;
      return { message: one.id, chat: one.chat, chat_name, sender: one.sender, sender_name: one.sender_name, mine: one.mine, at: one.at, snippet };
    });
    return { hits, older: null, indexing: null };
  }

  async rebuildSearch(): Promise<void> {
    this.calls.push(["rebuildSearch"]);
  }

  async check(): Promise<CheckReport> {
    const messages = [...this.messages.values()].flat().length;
    return { database: true, index: true, messages, indexed: messages, indexing: null };
  }

  async delivery(message: number): Promise<Delivery[]> {
    const found = [...this.messages.values()].flat().find((one) => one.id === message);
    const at = this.now() - 60;
    const accepted = found?.state.state === "sent" ? found.state.accepted : 0;
    return this.relays.map((relay, index) => {
      if (found?.state.state === "queued") return { relay, answer: "waiting", detail: "", attempts: 0, at: null };
      if (index < accepted) return { relay, answer: "accepted", detail: "", attempts: 1, at };
      if (index === 0) return { relay, answer: "refused", detail: "blocked: pubkey is not on the list", attempts: 1, at };
      return { relay, answer: "timed_out", detail: "", attempts: 3, at };
    });
  }

  async markRead(chat: string, message: number): Promise<void> {
    this.calls.push(["markRead", chat, message]);
    this.chats = this.chats.map((row) => (row.id === chat ? { ...row, unread: 0, mentions: 0, marked_unread: false } : row));
    this.emit({ type: "chat", chat: this.#row(chat) });
  }

  async setOpenChat(chat: string | null): Promise<void> {
    this.calls.push(["setOpenChat", chat]);
  }

  async setNotifications(choices: NotificationChoices): Promise<void> {
    this.calls.push(["setNotifications", choices]);
    this.emit({ type: "notifications", notifications: this.around.choose(choices) });
  }

  async pauseNotifications(howLong: PauseFor | null): Promise<void> {
    this.calls.push(["pauseNotifications", howLong]);
    this.emit({ type: "notifications", notifications: this.around.pause(howLong, this.now()) });
  }

  async desktop(): Promise<Desktop> {
    return this.around.desktop;
  }

  async setLanguage(language: Language): Promise<void> {
    this.calls.push(["setLanguage", language]);
  }

  async setAutostart(on: boolean): Promise<Desktop> {
    this.calls.push(["setAutostart", on]);
    this.around.desktop = { ...this.around.desktop, autostart: on };
    return this.around.desktop;
  }

  async updates(): Promise<Updates> {
    return this.newer.state;
  }

  async setUpdates(looks: boolean): Promise<Updates> {
    this.calls.push(["setUpdates", looks]);
    return this.newer.setLooks(looks);
  }

  async lookForUpdate(): Promise<Updates> {
    this.calls.push(["lookForUpdate"]);
    return this.newer.look();
  }

  async loadUpdate(): Promise<Updates> {
    this.calls.push(["loadUpdate"]);
    return this.newer.load();
  }

  async cancelUpdate(): Promise<Updates> {
    this.calls.push(["cancelUpdate"]);
    return this.newer.cancel();
  }

  async installUpdate(): Promise<Updates> {
    this.calls.push(["installUpdate"]);
    return this.newer.install();
  }

  async setSettings(settings: Settings): Promise<void> {
    this.settings = settings;
    this.emit({ type: "settings", settings });
  }

  async retrySetup(): Promise<void> {
    this.calls.push(["retrySetup"]);
    this.setup = done;
    this.emit({ type: "setup", setup: done });
  }

  async setRelays(relays: string[]): Promise<void> {
    this.calls.push(["setRelays", relays]);
    this.relays = relays;
    this.emit({ type: "network", network: this.#network() });
  }

  async copyNpub(): Promise<void> {
    this.calls.push(["copyNpub"]);
  }

  async setZoom(factor: number): Promise<void> {
    this.calls.push(["setZoom", factor]);
    document.documentElement.style.setProperty("zoom", String(factor));
  }

  #place(chat: string, cursor: Cursor): number {
    return (this.messages.get(chat) ?? []).findIndex((one) => compareCursors(one.cursor, cursor) === 0);
  }

  #page(chat: string, from: number, to: number): TimelinePage {
    const all = this.messages.get(chat) ?? [];
    const [start, end] = [Math.max(0, from), Math.min(to, all.length)];
    const messages = all.slice(start, end);
    const unread = this.#row(chat).unread;
    const first = unread === 0 ? undefined : all.filter((one) => !one.mine).at(-unread);
    const older = start === 0 ? null : (messages[0]?.cursor ?? null);
    const newer = end === all.length ? null : (messages.at(-1)?.cursor ?? null);
    return { messages, older, newer, first_unread: first?.id ?? null };
  }

  async copyText(text: string): Promise<void> {
    this.calls.push(["copyText", text]);
  }

  async openLink(url: string): Promise<void> {
    this.calls.push(["openLink", url]);
  }

  #found(message: number): MessageView {
    const found = [...this.messages.values()].flat().find((one) => one.id === message);
    if (found === undefined) throw refuse("not_found", "This message is not here any more.");
    return found;
  }

  async relayLists(): Promise<RelayLists> {
    return this.net.lists([...this.groups.values()].map(({ id, name, relays, i_am_admin }) => ({ chat: id, name, relays, i_am_admin })));
  }

  async previewRelayList(edit: RelayListEdit): Promise<RelayListChange> {
    if (edit.relays.every((url) => url.trim() === "")) throw refuse("invalid_input", "Name at least one relay; without one nobody can reach you.");
    return this.net.preview(edit);
  }

  async setRelayList(edit: RelayListEdit): Promise<void> {
    this.calls.push(["setRelayList", edit]);
    this.net.set(edit);
  }

  async restoreRelayList(version: number): Promise<void> {
    this.calls.push(["restoreRelayList", version]);
    if (!this.net.restore(version)) throw refuse("not_found", "This version is not here any more.");
  }

  async relayHealth(): Promise<RelayHealth[]> {
    return this.net.health(this.connected, this.groupRelays);
  }

  async proxy(): Promise<Proxy> {
    return this.net.way;
  }

  async setProxy(proxy: Proxy): Promise<void> {
    this.calls.push(["setProxy", proxy]);
    this.net.way = proxy;
  }

  async reachability(): Promise<Reachability> {
    return this.net.reachability;
  }

  async checkReachability(): Promise<Reachability> {
    this.calls.push(["checkReachability"]);
    this.emit({ type: "reachability", reachability: this.net.reachability });
    return this.net.reachability;
  }

  async fixReachability(): Promise<Reachability> {
    this.calls.push(["fixReachability"]);
    this.net.reachability = reachable(this.relays, this.now());
    return this.checkReachability();
  }

  async outboxItems(): Promise<OutboxItem[]> {
    return [...this.net.outbox];
  }

  async retryOutbox(item: number): Promise<void> {
    this.calls.push(["retryOutbox", item]);
    this.net.outbox = this.net.outbox.map((one) => (one.id === item ? { ...one, failed: false, reason: "" } : one));
  }

  async syncState(): Promise<SyncState> {
    return this.net.sync;
  }

  #enter(view: AccountView): Session {
    this.session = { state: "ready", account: view };
    this.emit({ type: "session", session: this.session });
    return this.session;
  }

  #keyPlace(): KeyPlace {
    return this.session.state === "first_run" ? this.session.key_place : this.accounts.safety.keychain ? "keychain" : "vault";
  }

  #network() {
    const view = (own: boolean) => (url: string) => ({ url, connected: this.connected, own });
    const others = this.groupRelays.filter((url) => !this.relays.includes(url));
    return { relays: [...this.relays.map(view(true)), ...others.map(view(false))], outbox: this.outbox, catching_up: false };
  }

  #add(group: GroupDetails, messages: MessageView[], unread: number): void {
    this.groups.set(group.id, group);
    this.messages.set(group.id, messages);
    const row = rowOf(group, messages, unread);
    this.chats.push(row.last_activity === 0 ? { ...row, last_activity: this.now() } : row);
  }

  #group(chat: string): GroupDetails {
    const group = this.groups.get(chat);
    if (group === undefined) throw refuse("not_found", "This conversation is not here any more.");
    return group;
  }

  #row(chat: string): ChatRow {
    const row = this.chats.find((one) => one.id === chat);
    if (row === undefined) throw refuse("not_found", "This conversation is not here any more.");
    return row;
  }

  #change(chat: string, change: (group: GroupDetails) => GroupDetails): void {
    const group = { ...change(this.#group(chat)), epoch: this.#group(chat).epoch + 1 };
    this.groups.set(chat, group);
    const row = { ...this.#row(chat), ...projected(rowOf(group, this.messages.get(chat) ?? [], 0)), unread: 0, last_activity: this.#row(chat).last_activity };
    this.chats = this.chats.map((one) => (one.id === chat ? row : one));
    this.emit({ type: "group", group });
    this.emit({ type: "chat", chat: row });
  }

  #setAdmin(chat: string, pubkey: string, is_admin: boolean): void {
    this.#change(chat, (group) => ({
      ...group,
      members: group.members.map((one) => (one.pubkey === pubkey ? { ...one, is_admin } : one)),
    }));
  }

  #store(message: MessageView): void {
    const all = this.messages.get(message.chat) ?? [];
    const at = all.findIndex((one) => one.id === message.id);
    this.messages.set(message.chat, at < 0 ? [...all, message] : all.with(at, message));
    const before = this.#row(message.chat);
    const after = rowOf(this.#group(message.chat), this.messages.get(message.chat) ?? [], message.mine ? 0 : before.unread + 1);
    const row = { ...before, ...projected(after), mentions: before.mentions + (at < 0 && message.mentions_me ? 1 : 0) };
    this.chats = this.chats.map((one) => (one.id === message.chat ? row : one));
    this.emit({ type: "message", message });
    this.emit({ type: "chat", chat: row });
  }

  #text(chat: string, sender: string, sender_name: string, text: string, at: number, id: number): MessageView {
    return textOf({ id, chat, sender, sender_name, text, at, mine: false });
  }

  #own(chat: string, text: string, at: number, id: number, state: MessageView["state"]): MessageView {
    return { ...this.#text(chat, me.pubkey, me.name, text, at, id), mine: true, state };
  }
}

/** What a row takes from its group and messages; the rest was decided by the person. */
function projected(row: ChatRow): Partial<ChatRow> {
  const { name, state, preview, preview_sender, last_activity, unread, failed, members } = row;
  return { name, state, preview, preview_sender, last_activity, unread, failed, members };
}

function account(screen: string): AccountView {
  return {
    npub: me.npub,
    name: me.name,
    key_place: "keychain",
    try_it: screen === "try",
    other_clients: screen === "imported" ? 1 : 0,
  };
}

function oldMessages(chat: string, talk: MessageView[], extra: number): MessageView[] {
  const start = (talk[0]?.at ?? 0) - extra * 600;
  return Array.from({ length: extra }, (_, at) => {
    const who = [me, jonas, mara][at % 3] ?? me;
    const text = `Earlier message ${at + 1}. ${"It says something of no great weight. ".repeat((at * 7) % 4)}`.trim();
    const id = 10_000 + at;
    return textOf({ id, chat, sender: who.pubkey, sender_name: who.name, text, at: start + at * 600, mine: who.is_me });
  });
}

/** For tests: somebody the fake does not know. */
export const stranger = fakeNpub(99);
