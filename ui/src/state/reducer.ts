// Owns the state of the window: a pure function of the snapshot and what followed.
// Never calls the backend, reads a clock or touches the page.
import type {
  AccountEntry,
  ChatRow,
  Cursor,
  Event,
  GroupDetails,
  KeyPlace,
  MessageView,
  NetworkState,
  Notifications,
  PersonView,
  Reachability,
  RelayHealth,
  RequestView,
  Session,
  Settings,
  SetupStep,
  Snapshot,
  SyncState,
  TimelinePage,
  Updates,
} from "../ipc";
import { compareCursors } from "../ipc/cursor";

/** Messages of the open conversation that are held at once; beyond it the far end is dropped and fetched again on demand. */
export const TIMELINE_CAP = 4_000;
/** What stays when the messages far from what is read are let go. */
export const TRIMMED = 1_000;

/** The open conversation. */
export interface Timeline {
  chat: string;
  /** Oldest first. */
  messages: MessageView[];
  /** Older messages exist before this place. */
  older: Cursor | null;
  /** Where the unread divider stands; stays until the conversation is left. */
  firstUnread: number | null;
  /** How many messages stood below the divider when it was made. */
  unreadCount: number;
  /** Newer messages exist after this place, which is not the end of the conversation. */
  newer: Cursor | null;
}

/** A message to bring into view; `nonce` makes each request a new one. */
export interface Target {
  message: number;
  nonce: number;
}

export interface AppState {
  /** `null` until the first snapshot. */
  session: Session | null;
  /** Every account of the profile, in the order in which they were added. */
  accounts: AccountEntry[];
  /** The npub of the account that all of this is about; `null` while there is none. */
  current: string | null;
  /** Where the key of another account would be kept. */
  newKeyPlace: KeyPlace;
  /** Minutes without use until everything is locked; 0 is never. */
  lockAfter: number;
  seq: number;
  /** Events were missed, or the profile changed: subscribe again. */
  stale: boolean;
  chats: ChatRow[];
  requests: RequestView[];
  setup: SetupStep[];
  network: NetworkState;
  /** `null` until it is told or asked for. */
  relayHealth: RelayHealth[] | null;
  /** `null` until it is told or asked for. */
  reachability: Reachability | null;
  /** `null` until it is told or asked for. */
  sync: SyncState | null;
  /** How this copy of the app gets newer; `null` until it is told or asked for. */
  updates: Updates | null;
  settings: Settings;
  /** Of all accounts. */
  notifications: Notifications;
  openChat: string | null;
  /** `null` while it loads. */
  timeline: Timeline | null;
  /** Details of the open chat. */
  group: GroupDetails | null;
  target: Target | null;
  /** Whom a link of the system names; a new one has another nonce. */
  person: { text: string; nonce: number } | null;
  /** How far the search index is while it is made anew, in percent; `null` while it is complete. */
  indexing: number | null;
}

export type Action =
  | { type: "snapshot"; snapshot: Snapshot }
  | { type: "event"; event: Event }
  | { type: "open"; chat: string | null }
  | { type: "go_to"; chat: string; message: number; nonce: number }
  | { type: "page"; chat: string; page: TimelinePage; unread: number }
  | { type: "older_page"; chat: string; page: TimelinePage }
  | { type: "newer_page"; chat: string; page: TimelinePage }
  | { type: "page_around"; chat: string; page: TimelinePage }
  | { type: "trim"; chat: string; around: number }
  | { type: "message"; message: MessageView }
  | { type: "group"; group: GroupDetails }
  | { type: "settings"; settings: Settings }
  | { type: "notifications"; notifications: Notifications }
  | { type: "updates"; updates: Updates };

export const initial: AppState = {
  session: null,
  accounts: [],
  current: null,
  newKeyPlace: "keychain",
  lockAfter: 0,
  seq: 0,
  stale: false,
  chats: [],
  requests: [],
  setup: [],
  network: { relays: [], outbox: 0, catching_up: false },
  relayHealth: null,
  reachability: null,
  sync: null,
  updates: null,
  settings: { who_may_add_me: "anyone" },
  notifications: {
    choices: { shows: "name_and_text", mentions_through_mute: true, sound: true, attention: true, badge: true, quiet: null },
    paused_until: null,
    server: "unknown",
  },
  person: null,
  openChat: null,
  timeline: null,
  group: null,
  target: null,
  indexing: null,
};

export function reduce(state: AppState, action: Action): AppState {
  switch (action.type) {
    case "snapshot":
      return takeSnapshot(state, action.snapshot);
    case "event":
      return takeEvent(state, action.event);
    case "open":
      if (action.chat === state.openChat) return state;
      return { ...state, openChat: action.chat, timeline: null, group: null, target: null };
    case "go_to":
      return openFromNotice(state, action.chat, action.message, action.nonce);
    case "page":
      if (action.chat !== state.openChat) return state;
      return { ...state, timeline: firstPage(state.timeline, action.chat, action.page, action.unread) };
    case "older_page":
      if (state.timeline?.chat !== action.chat) return state;
      return { ...state, timeline: withOlder(state.timeline, action.page) };
    case "newer_page":
      if (state.timeline?.chat !== action.chat) return state;
      return { ...state, timeline: withNewer(state.timeline, action.page) };
    case "page_around":
      if (state.timeline?.chat !== action.chat) return state;
      return { ...state, timeline: around(state.timeline, action.page) };
    case "trim":
      if (state.timeline?.chat !== action.chat) return state;
      return { ...state, timeline: trimmed(state.timeline, action.around) };
    case "message":
      return { ...state, timeline: withMessage(state.timeline, action.message) };
    case "group":
      return action.group.id === state.openChat ? { ...state, group: action.group } : state;
    case "settings":
      return { ...state, settings: action.settings };
    case "notifications":
      return { ...state, notifications: action.notifications };
    case "updates":
      return { ...state, updates: action.updates };
  }
}

function takeSnapshot(state: AppState, snapshot: Snapshot): AppState {
  const chats = [...snapshot.chats].sort(byPlaceInList);
  // Two accounts may be in the same group: its chat has the same id in both, and not the same messages.
  const same = snapshot.current === state.current;
  const openChat = same && chats.some((chat) => chat.id === state.openChat) ? state.openChat : null;
  const kept = openChat !== null && openChat === state.openChat;
  return {
    ...state,
    session: snapshot.session,
    accounts: snapshot.accounts,
    current: snapshot.current,
    newKeyPlace: snapshot.new_key_place,
    lockAfter: snapshot.lock_after,
    seq: snapshot.seq,
    stale: false,
    chats,
    requests: snapshot.requests,
    setup: snapshot.setup,
    network: snapshot.network,
    settings: snapshot.settings,
    notifications: snapshot.notifications,
    openChat,
    timeline: kept ? state.timeline : null,
    group: kept ? state.group : null,
    target: kept ? state.target : null,
  };
}

/** Of another account, and of one that was locked, nothing stays in the window. */
function takeSession(state: AppState, session: Session): AppState {
  const npub = session.state === "ready" ? session.account.npub : session.state === "first_run" ? null : session.npub;
  if (session.state === "ready" && npub === state.current) return { ...state, session };
  const { chats, requests, setup, openChat, timeline, group, target } = initial;
  return { ...state, session, current: npub, chats, requests, setup, openChat, timeline, group, target };
}

/** Whether an event is about the profile or the account that is shown. */
export function concerns(state: AppState, event: Event): boolean {
  return event.account === null || event.account === state.current;
}

function takeEvent(state: AppState, event: Event): AppState {
  // What the snapshot already contains.
  if (event.seq <= state.seq) return state;
  if (event.seq !== state.seq + 1) return { ...state, stale: true };
  const next = { ...state, seq: event.seq };
  if (event.type === "account") return { ...next, accounts: withAccount(state.accounts, event.entry) };
  // What another account receives is in its snapshot, once it is shown.
  if (!concerns(state, event)) return next;
  switch (event.type) {
    case "session":
      return { ...takeSession(next, event.session), stale: true };
    case "lock_after":
      return { ...next, lockAfter: event.minutes };
    case "chat":
      return { ...next, chats: withChat(state.chats, event.chat) };
    case "chat_removed": {
      const chats = state.chats.filter((chat) => chat.id !== event.id);
      return state.openChat === event.id ? { ...next, chats, openChat: null, timeline: null, group: null } : { ...next, chats };
    }
    case "message":
      return { ...next, timeline: withMessage(state.timeline, event.message) };
    case "messages_removed":
      return { ...next, timeline: withoutMessages(state.timeline, event.chat, event.messages) };
    case "person":
      return { ...next, timeline: withPerson(state.timeline, event.person) };
    case "group":
      return event.group.id === state.openChat ? { ...next, group: event.group } : next;
    case "request":
      return { ...next, requests: withRequest(state.requests, event.request) };
    case "request_removed":
      return { ...next, requests: state.requests.filter((request) => request.id !== event.id) };
    case "setup":
      return { ...next, setup: event.setup };
    case "network":
      return { ...next, network: event.network };
    case "settings":
      return { ...next, settings: event.settings };
    case "notifications":
      return { ...next, notifications: event.notifications };
    case "open_person":
      return { ...next, person: { text: event.person, nonce: event.seq } };
    case "relay_health":
      return { ...next, relayHealth: event.relays };
    case "reachability":
      return { ...next, reachability: event.reachability };
    case "sync":
      return { ...next, sync: event.sync };
    case "indexing":
      return { ...next, indexing: event.percent };
    case "updates":
      return { ...next, updates: event.updates };
    case "open_chat":
      return openFromNotice(next, event.chat, event.message);
  }
}

function openFromNotice(state: AppState, chat: string, message: number | null, nonce = state.seq): AppState {
  const target = message === null ? null : { message, nonce };
  if (state.openChat === chat) return { ...state, target };
  return { ...state, openChat: chat, timeline: null, group: null, target };
}

/** Pinned chats in their order, then the others by their last message. */
function byPlaceInList(a: ChatRow, b: ChatRow): number {
  const pinned = (row: ChatRow) => row.pinned ?? Number.POSITIVE_INFINITY;
  if (pinned(a) !== pinned(b)) return pinned(a) - pinned(b);
  return b.last_activity - a.last_activity || (a.id < b.id ? -1 : 1);
}

function withChat(chats: ChatRow[], chat: ChatRow): ChatRow[] {
  return [...chats.filter((other) => other.id !== chat.id), chat].sort(byPlaceInList);
}

/** Names stand in the messages; who wrote them is called something else now, or is hidden. */
function withPerson(timeline: Timeline | null, person: PersonView): Timeline | null {
  if (timeline === null || person.is_me) return timeline;
  const renamed = (message: MessageView): MessageView =>
    message.sender === person.pubkey
      ? { ...message, sender_name: person.name, hidden: person.is_blocked && message.kind.type === "text" }
      : message;
  return { ...timeline, messages: timeline.messages.map(renamed) };
}

function withRequest(requests: RequestView[], request: RequestView): RequestView[] {
  const others = requests.filter((other) => other.id !== request.id);
  return [request, ...others].sort((a, b) => b.received_at - a.received_at);
}

function byPlace(a: MessageView, b: MessageView): number {
  return compareCursors(a.cursor, b.cursor);
}

function merge(older: MessageView[], newer: MessageView[]): MessageView[] {
  const known = new Set(newer.map((message) => message.id));
  return [...older.filter((message) => !known.has(message.id)), ...newer].sort(byPlace);
}

function firstPage(before: Timeline | null, chat: string, page: TimelinePage, unread: number): Timeline {
  const messages = [...page.messages].sort(byPlace);
  if (before === null || before.chat !== chat) {
    return { chat, messages, older: page.older, firstUnread: page.first_unread, unreadCount: unread, newer: page.newer };
  }
  // Loading the same conversation again must move neither the divider nor what is being read.
  const known = new Set(before.messages.map((message) => message.id));
  const joins = before.newer === null && messages.some((message) => known.has(message.id));
  if (!joins) return { ...before, messages, older: page.older, newer: page.newer };
  return { ...before, messages: merge(before.messages, messages) };
}

function withOlder(timeline: Timeline, page: TimelinePage): Timeline {
  const messages = merge(page.messages, timeline.messages);
  const tooMany = messages.length > TIMELINE_CAP;
  return {
    ...timeline,
    messages: tooMany ? messages.slice(0, TIMELINE_CAP) : messages,
    older: page.older,
    newer: tooMany ? (messages[TIMELINE_CAP - 1]?.cursor ?? null) : timeline.newer,
  };
}

function withNewer(timeline: Timeline, page: TimelinePage): Timeline {
  const messages = merge(timeline.messages, page.messages);
  const kept = messages.slice(-TIMELINE_CAP);
  return {
    ...timeline,
    messages: kept,
    older: kept.length < messages.length ? (kept[0]?.cursor ?? null) : timeline.older,
    newer: page.newer,
  };
}

/** Another part of the conversation; where it touches what is here, both stay. */
function around(timeline: Timeline, page: TimelinePage): Timeline {
  const messages = [...page.messages].sort(byPlace);
  const [first, last] = [messages[0], messages.at(-1)];
  const [oldest, newest] = [timeline.messages[0], timeline.messages.at(-1)];
  if (first === undefined || last === undefined || oldest === undefined || newest === undefined) return timeline;
  const apart = byPlace(last, oldest) < 0 || byPlace(newest, first) < 0;
  if (apart) return { ...timeline, messages, older: page.older, newer: page.newer };
  const all = merge(timeline.messages, messages);
  return {
    ...timeline,
    messages: all,
    older: byPlace(first, oldest) < 0 ? page.older : timeline.older,
    newer: byPlace(newest, last) < 0 ? page.newer : timeline.newer,
  };
}

/** Lets go of the end that is farther from the message `around`: of one end at a time, so that the list knows which. */
function trimmed(timeline: Timeline, around: number): Timeline {
  const { messages } = timeline;
  const at = messages.findIndex((message) => message.id === around);
  if (at < 0 || messages.length <= TRIMMED) return timeline;
  if (at < messages.length / 2) {
    const kept = messages.slice(0, TRIMMED);
    return { ...timeline, messages: kept, newer: kept.at(-1)?.cursor ?? null };
  }
  const kept = messages.slice(-TRIMMED);
  return { ...timeline, messages: kept, older: kept[0]?.cursor ?? null };
}

function withoutMessages(timeline: Timeline | null, chat: string, gone: number[]): Timeline | null {
  if (timeline === null || timeline.chat !== chat) return timeline;
  return { ...timeline, messages: timeline.messages.filter((message) => !gone.includes(message.id)) };
}

function withMessage(timeline: Timeline | null, message: MessageView): Timeline | null {
  if (timeline === null || timeline.chat !== message.chat) return timeline;
  const at = timeline.messages.findIndex((other) => other.id === message.id);
  if (at >= 0) {
    const messages = [...timeline.messages];
    messages[at] = message;
    return { ...timeline, messages: messages.sort(byPlace) };
  }
  // Belongs to a page that is not loaded.
  if (timeline.newer !== null) return timeline;
  const oldest = timeline.messages[0];
  // Belongs to a page that is not loaded yet.
  if (timeline.older !== null && oldest !== undefined && byPlace(message, oldest) < 0) return timeline;
  const messages = [...timeline.messages, message].sort(byPlace);
  if (messages.length <= TIMELINE_CAP) return { ...timeline, messages };
  const kept = messages.slice(-TIMELINE_CAP);
  return { ...timeline, messages: kept, older: kept[0]?.cursor ?? null };
}

function withAccount(accounts: AccountEntry[], entry: AccountEntry): AccountEntry[] {
  const at = accounts.findIndex((one) => one.npub === entry.npub);
  return at < 0 ? [...accounts, entry] : accounts.with(at, entry);
}
