// Owns the connection between the backend and the reducer, and what a person can ask for.
// Never changes state other than by an action.
import { getContext, setContext } from "svelte";
import { asIpcError, type Backend, type IpcError, type MessageView, type NotificationChoices, type RequestView, type Session, type Settings, type TimelinePage } from "../ipc";
import type { SettingsPage } from "../settings/table";
import { Commands } from "./commands";
import { Drafts } from "./drafts";
import { ListState } from "./list.svelte";
import { errorWords } from "../words/say.svelte";
import { Loads } from "./loads";
import { Places } from "./places";
import { readable } from "../text/markdown";
import { type Action, type AppState, concerns, initial, reduce } from "./reducer";
import { UpdatesState } from "./updates.svelte";

/** Messages asked for at once. */
const PAGE = 60;
/** Pages loaded at most to reach the unread divider when a conversation is opened. */
const UNREAD_PAGES = 8;
/** Events held back while the first snapshot is on its way. */
const EARLY_CAP = 10_000;
/** A connection that failed is tried again after this many milliseconds. */
export const RETRY_AFTER = 5_000;

/** A dialog of the main screen. */
export type DialogName = "new-group" | "settings" | "jump" | "shortcuts" | "profile" | "add-account" | null;

/** Something that was done, with the way back. */
export interface Undo {
  words: string;
  back: () => Promise<unknown>;
}

/** The way back is offered this long, in milliseconds. */
export const UNDO_FOR = 8_000;

export class App {
  state = $state.raw<AppState>(initial);
  /** Shown at the foot of the window until dismissed. */
  notice = $state.raw<string | null>(null);
  /** Why the window is not connected to its backend; what it shows may be old. */
  fault = $state.raw<IpcError | null>(null);
  dialog = $state<DialogName>(null);
  detailsOpen = $state(false);
  /** The message whose relays are shown. */
  deliveryOf = $state<number | null>(null);
  /** The message whose earlier texts are shown. */
  historyOf = $state.raw<MessageView | null>(null);
  /** The messages that are to be deleted, once that is confirmed. */
  deleting = $state.raw<MessageView[] | null>(null);
  /** The address that is to be opened, once that is confirmed. */
  link = $state.raw<{ href: string; host: string } | null>(null);
  /** Messages that are chosen to do something with all of them; `null` while none are. */
  selection = $state.raw<ReadonlySet<number> | null>(null);
  /** How many dialogs are open, one over the other. */
  dialogs = $state(0);
  readonly drafts: Drafts;
  /** What was done last and can be taken back. */
  undo = $state.raw<Undo | null>(null);
  settingsPage = $state<SettingsPage>("accounts");
  /** The account that may be logged out, once that is confirmed: an npub. */
  loggingOut = $state<string | null>(null);
  /** Whose card is shown: an npub. */
  personOf = $state<string | null>(null);
  readonly commands = new Commands();
  readonly list = new ListState();
  readonly places = new Places();
  readonly updates = new UpdatesState(this);
  #undoTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #loads = new Loads();
  #generation = 0;
  #connecting: Promise<void> | null = null;
  #again = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #loadingOlder = false;
  #loadingNewer = false;
  #jumps = 0;
  #tryShown = false;

  constructor(readonly backend: Backend) {
    this.drafts = new Drafts((chat, draft) => backend.setDraft(chat, draft), (chat) => backend.draft(chat));
  }

  dispatch(action: Action): void {
    const before = this.state;
    this.state = reduce(before, action);
    // What the reducer passed over is in a snapshot already, or makes a gap.
    // What is of another account is nobody's answer here, even where the chat has the same id.
    if (action.type === "event" && this.state.seq !== before.seq && concerns(before, action.event)) {
      this.#loads.see(action.event);
      this.updates.see(action.event);
    }
    if (this.state.stale && !before.stale) void this.connect();
    if (this.state.openChat !== before.openChat) void this.#opened(this.state.openChat);
  }

  /** Subscribes, or subscribes again after a gap. One at a time: who asks meanwhile gets another round. */
  connect(): Promise<void> {
    this.#again = true;
    this.#connecting ??= this.#rounds();
    return this.#connecting;
  }

  async #rounds(): Promise<void> {
    clearTimeout(this.#retry);
    while (this.#again) {
      this.#again = false;
      await this.#subscribe();
    }
    this.#connecting = null;
    if (this.fault?.retryable) this.#retry = setTimeout(() => void this.connect(), RETRY_AFTER);
  }

  async #subscribe(): Promise<void> {
    const generation = ++this.#generation;
    const early: Action[] = [];
    let ready = false;
    try {
      const snapshot = await this.backend.subscribe((event) => {
        if (generation !== this.#generation) return;
        if (ready) this.dispatch({ type: "event", event });
        else if (early.length < EARLY_CAP) early.push({ type: "event", event });
      });
      this.fault = null;
      const reopen = this.state.openChat;
      // Answers that are still on their way know nothing of what was missed.
      this.#loads.drop();
      this.dispatch({ type: "snapshot", snapshot });
      ready = true;
      void this.updates.ask();
      for (const action of early) {
        this.dispatch(action);
        if (this.#again) return;
      }
      // Always told: after a reload of the page the backend still has the chat from before.
      if (this.state.openChat === reopen) void this.#opened(reopen);
      this.#showTry();
    } catch (cause) {
      this.fault = asIpcError(cause);
    }
  }

  /** Who tries it out wants to see the conversation, not a list of one. */
  #showTry(): void {
    const { session, chats, openChat } = this.state;
    const [only, ...others] = chats;
    if (this.#tryShown || session?.state !== "ready" || !session.account.try_it) return;
    if (only === undefined || others.length > 0 || openChat !== null) return;
    this.#tryShown = true;
    this.open(only.id);
  }

  /** Runs a command; a failure becomes a notice. Says whether it worked. */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (cause) {
      this.notice = errorWords(asIpcError(cause));
      return false;
    }
  }

  /** Does something at once and offers the way back for a while. */
  async undoable(work: () => Promise<unknown>, words: string, back: () => Promise<unknown>): Promise<void> {
    if (!(await this.attempt(work))) return;
    clearTimeout(this.#undoTimer);
    const undo = { words, back };
    this.undo = undo;
    this.#undoTimer = setTimeout(() => {
      if (this.undo === undo) this.undo = null;
    }, UNDO_FOR);
  }

  async takeBack(): Promise<void> {
    const undo = this.undo;
    this.undo = null;
    if (undo !== null) await this.attempt(undo.back);
  }

  /** What follows a command that opened, locked or removed the profile. */
  async entered(_session: Session): Promise<void> {
    this.drafts.clear();
    this.places.clear();
    this.dialog = null;
    this.detailsOpen = false;
    this.deliveryOf = null;
    this.historyOf = null;
    this.deleting = null;
    this.link = null;
    this.selection = null;
    this.undo = null;
    this.personOf = null;
    this.loggingOut = null;
    this.list.typed = "";
    this.list.choose("all", null);
    await this.connect();
  }

  open(chat: string | null): void {
    this.list.held = chat;
    this.dispatch({ type: "open", chat });
  }

  /** Opens a conversation at a message. */
  goTo(chat: string, message: number): void {
    this.list.held = chat;
    this.#jumps -= 1;
    // Below zero, so that it is never the number of an event.
    this.dispatch({ type: "go_to", chat, message, nonce: this.#jumps });
  }

  async reloadTimeline(): Promise<void> {
    const chat = this.state.openChat;
    if (chat !== null) await this.#loadTimeline(chat);
  }

  async loadOlder(): Promise<void> {
    const timeline = this.state.timeline;
    if (this.#loadingOlder || timeline === null || timeline.older === null) return;
    this.#loadingOlder = true;
    const { chat, older } = timeline;
    await this.#load(chat, async () => {
      const page = await this.backend.timeline(chat, older, PAGE);
      // A timeline that was loaded afresh has another edge.
      return this.state.timeline?.older === older ? { type: "older_page", chat, page } : null;
    });
    this.#loadingOlder = false;
  }

  async loadNewer(): Promise<void> {
    const timeline = this.state.timeline;
    if (this.#loadingNewer || timeline === null || timeline.newer === null) return;
    this.#loadingNewer = true;
    const { chat, newer } = timeline;
    await this.#load(chat, async () => {
      const page = await this.backend.timelineAfter(chat, newer, PAGE);
      return this.state.timeline?.newer === newer ? { type: "newer_page", chat, page } : null;
    });
    this.#loadingNewer = false;
  }

  /** Brings a message into the timeline, wherever in the conversation it is. Says whether it is there. */
  async loadAround(message: number): Promise<boolean> {
    const chat = this.state.openChat;
    if (chat === null) return false;
    const here = () => this.state.timeline?.messages.some((one) => one.id === message) ?? false;
    if (!here()) await this.#load(chat, async () => ({ type: "page_around", chat, page: await this.backend.timelineAround(chat, message, PAGE) }));
    return here();
  }

  async toggleReaction(message: MessageView, emoji: string): Promise<void> {
    const mine = message.kind.type === "text" && message.kind.reactions.some((one) => one.emoji === emoji && one.mine);
    await this.attempt(() => (mine ? this.backend.unreact(message.id, emoji) : this.backend.react(message.id, emoji)));
  }

  /** Whether the account may delete a message for everybody. */
  canDelete(message: MessageView): boolean {
    const { group } = this.state;
    if (message.kind.type !== "text" || message.kind.deleted || group === null || group.state !== "active") return false;
    return message.mine || group.i_am_admin;
  }

  /** Copies what they say; of several, each with its author. */
  async copyMessages(messages: MessageView[]): Promise<void> {
    const said = messages.flatMap((one) => (one.kind.type === "text" && !one.kind.deleted ? [{ who: one.sender_name, text: readable(one.kind.text, one.kind.mentions) }] : []));
    const text = said.length === 1 ? (said[0]?.text ?? "") : said.map((one) => `${one.who}: ${one.text}`).join("\n");
    if (await this.attempt(() => this.backend.copyText(text))) this.clearSelection();
  }

  /** Unread messages that name the account, in the order of arrival. */
  async unreadMentions(chat: string): Promise<number[]> {
    let found: number[] = [];
    await this.attempt(async () => (found = await this.backend.unreadMentions(chat)));
    return found;
  }

  /** Chooses a message, or no longer; `through` chooses everything from the one that was chosen last. */
  select(message: number, through = false): void {
    const chosen = new Set(this.selection ?? []);
    const texts = (this.state.timeline?.messages ?? []).filter((one) => one.kind.type === "text").map((one) => one.id);
    const [from, to] = [texts.indexOf([...chosen].at(-1) ?? -1), texts.indexOf(message)];
    if (through && from >= 0 && to >= 0) for (const one of texts.slice(Math.min(from, to), Math.max(from, to) + 1)) chosen.add(one);
    else if (!chosen.delete(message)) chosen.add(message);
    this.selection = chosen.size === 0 ? null : chosen;
  }

  clearSelection(): void {
    this.selection = null;
  }

  async edit(message: number, text: string): Promise<boolean> {
    return this.attempt(() => this.backend.edit(message, text));
  }

  /** Puts a text into the outbox. Says whether it is safe there. */
  async send(chat: string, text: string, replyTo: number | null): Promise<boolean> {
    return this.attempt(async () => {
      const message = await this.backend.send({ chat, text, reply_to: replyTo });
      if (this.state.timeline !== null && this.state.timeline.newer !== null) await this.reloadTimeline();
      // Its events may have come first, and then they know more.
      if (!this.state.timeline?.messages.some((one) => one.id === message.id)) this.dispatch({ type: "message", message });
    });
  }

  retry(message: number): Promise<boolean> {
    return this.attempt(() => this.backend.retry(message));
  }

  async accept(request: RequestView): Promise<void> {
    await this.attempt(async () => this.open(await this.backend.accept(request.id)));
  }

  async decline(request: RequestView): Promise<void> {
    await this.attempt(() => this.backend.decline(request.id));
  }

  async setSettings(settings: Settings): Promise<void> {
    const before = this.state.settings;
    this.dispatch({ type: "settings", settings });
    const kept = await this.attempt(() => this.backend.setSettings(settings));
    if (!kept) this.dispatch({ type: "settings", settings: before });
  }

  /** Shows at once what was chosen, and takes that back where it was not kept. */
  async setNotifications(choices: NotificationChoices): Promise<void> {
    const before = this.state.notifications;
    this.dispatch({ type: "notifications", notifications: { ...before, choices } });
    const kept = await this.attempt(() => this.backend.setNotifications(choices));
    if (!kept) this.dispatch({ type: "notifications", notifications: before });
  }

  /** A link of the system names somebody: their card, and nothing without the person. */
  async showPerson(text: string): Promise<void> {
    await this.attempt(async () => {
      this.personOf = (await this.backend.inspectPerson(text)).npub;
    });
  }

  async copyNpub(): Promise<boolean> {
    return this.attempt(() => this.backend.copyNpub());
  }

  async #opened(chat: string | null): Promise<void> {
    this.selection = null;
    void this.backend.setOpenChat(chat).catch(() => undefined);
    if (chat === null) return;
    await Promise.all([
      this.#loadTimeline(chat),
      this.#load(chat, async () => ({ type: "group", group: await this.backend.group(chat) })),
    ]);
  }

  /** Asks about a chat. What happens to it until the answer is here is newer than the answer, and applied on top of it. */
  async #load(chat: string, ask: () => Promise<Action | null>): Promise<void> {
    const load = this.#loads.begin(chat);
    await this.attempt(async () => {
      const answer = await ask();
      if (answer === null || !this.#loads.holds(load)) return;
      this.dispatch(answer);
      for (const message of load.messages.values()) this.dispatch({ type: "message", message });
      if (load.group !== null) this.dispatch({ type: "group", group: load.group });
      if (load.missed) void this.connect();
    });
    this.#loads.end(load);
  }

  /** The newest messages; those where the conversation was left, if nothing is unread and they are still there (M2). */
  async #firstPage(chat: string, unread: number): Promise<TimelinePage> {
    const place = unread > 0 || this.state.timeline !== null || this.state.target !== null ? null : this.places.get(chat);
    const around = place === null ? null : await this.backend.timelineAround(chat, place.message, PAGE).catch(() => null);
    return around ?? this.backend.timeline(chat, null, PAGE);
  }

  #loadTimeline(chat: string): Promise<void> {
    return this.#load(chat, async () => {
      const unread = this.state.chats.find((row) => row.id === chat)?.unread ?? 0;
      const page = await this.#firstPage(chat, unread);
      let { messages, older } = page;
      // M1: the conversation opens at the divider, so the divider has to be there.
      for (let pages = 1; pages < UNREAD_PAGES && older !== null; pages += 1) {
        if (page.first_unread === null || messages.some((message) => message.id === page.first_unread)) break;
        const more = await this.backend.timeline(chat, older, PAGE);
        messages = [...more.messages, ...messages];
        older = more.older;
      }
      return { type: "page", chat, unread, page: { ...page, messages, older } };
    });
  }
}

const KEY = Symbol("app");

export function provideApp(app: App): App {
  return setContext(KEY, app);
}

export function useApp(): App {
  return getContext<App>(KEY);
}
