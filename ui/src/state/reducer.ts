// Owns the state of the window: a pure function of the snapshot and what followed.
// Never calls the backend, reads a clock or touches the page.
import type {
  ChatRow,
  Cursor,
  Event,
  GroupDetails,
  MessageView,
  NetworkState,
  Reachability,
  RelayHealth,
  RequestView,
  Session,
  Settings,
  SetupStep,
  Snapshot,
  SyncState,
  TimelinePage,
} from "../ipc";

/** Messages of the open conversation that are held at once; beyond it the far end is dropped and fetched again on demand. */
export const TIMELINE_CAP = 4_000;

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
  /** The newest messages were dropped to stay under the cap: load afresh to see them. */
  detached: boolean;
}

/** A message to bring into view; `nonce` makes each request a new one. */
export interface Target {
  message: number;
  nonce: number;
}

export interface AppState {
  /** `null` until the first snapshot. */
  session: Session | null;
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
  settings: Settings;
  openChat: string | null;
  /** `null` while it loads. */
  timeline: Timeline | null;
  /** Details of the open chat. */
  group: GroupDetails | null;
  target: Target | null;
}

export type Action =
  | { type: "snapshot"; snapshot: Snapshot }
  | { type: "event"; event: Event }
  | { type: "open"; chat: string | null }
  | { type: "page"; chat: string; page: TimelinePage; unread: number }
  | { type: "older_page"; chat: string; page: TimelinePage }
  | { type: "message"; message: MessageView }
  | { type: "group"; group: GroupDetails }
  | { type: "settings"; settings: Settings };

export const initial: AppState = {
  session: null,
  seq: 0,
  stale: false,
  chats: [],
  requests: [],
  setup: [],
  network: { relays: [], outbox: 0, catching_up: false },
  relayHealth: null,
  reachability: null,
  sync: null,
  settings: { notification_text: true },
  openChat: null,
  timeline: null,
  group: null,
  target: null,
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
    case "page":
      if (action.chat !== state.openChat) return state;
      return { ...state, timeline: firstPage(state.timeline, action.chat, action.page, action.unread) };
    case "older_page":
      if (state.timeline?.chat !== action.chat) return state;
      return { ...state, timeline: withOlder(state.timeline, action.page) };
    case "message":
      return { ...state, timeline: withMessage(state.timeline, action.message) };
    case "group":
      return action.group.id === state.openChat ? { ...state, group: action.group } : state;
    case "settings":
      return { ...state, settings: action.settings };
  }
}

function takeSnapshot(state: AppState, snapshot: Snapshot): AppState {
  const chats = [...snapshot.chats].sort(byActivity);
  const openChat = chats.some((chat) => chat.id === state.openChat) ? state.openChat : null;
  const kept = openChat !== null && openChat === state.openChat;
  return {
    ...state,
    session: snapshot.session,
    seq: snapshot.seq,
    stale: false,
    chats,
    requests: snapshot.requests,
    setup: snapshot.setup,
    network: snapshot.network,
    settings: snapshot.settings,
    openChat,
    timeline: kept ? state.timeline : null,
    group: kept ? state.group : null,
    target: kept ? state.target : null,
  };
}

function takeEvent(state: AppState, event: Event): AppState {
  // What the snapshot already contains.
  if (event.seq <= state.seq) return state;
  if (event.seq !== state.seq + 1) return { ...state, stale: true };
  const next = { ...state, seq: event.seq };
  switch (event.type) {
    case "session":
      return { ...next, session: event.session, stale: true };
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
    case "relay_health":
      return { ...next, relayHealth: event.relays };
    case "reachability":
      return { ...next, reachability: event.reachability };
    case "sync":
      return { ...next, sync: event.sync };
    case "open_chat":
      return openFromNotice(next, event.chat, event.message);
  }
}

function openFromNotice(state: AppState, chat: string, message: number | null): AppState {
  const target = message === null ? null : { message, nonce: state.seq };
  if (state.openChat === chat) return { ...state, target };
  return { ...state, openChat: chat, timeline: null, group: null, target };
}

function byActivity(a: ChatRow, b: ChatRow): number {
  return b.last_activity - a.last_activity || (a.id < b.id ? -1 : 1);
}

function withChat(chats: ChatRow[], chat: ChatRow): ChatRow[] {
  return [...chats.filter((other) => other.id !== chat.id), chat].sort(byActivity);
}

function withRequest(requests: RequestView[], request: RequestView): RequestView[] {
  const others = requests.filter((other) => other.id !== request.id);
  return [request, ...others].sort((a, b) => b.received_at - a.received_at);
}

function byPlace(a: MessageView, b: MessageView): number {
  return a.cursor.at - b.cursor.at || a.cursor.seq - b.cursor.seq;
}

function merge(older: MessageView[], newer: MessageView[]): MessageView[] {
  const known = new Set(newer.map((message) => message.id));
  return [...older.filter((message) => !known.has(message.id)), ...newer].sort(byPlace);
}

function firstPage(before: Timeline | null, chat: string, page: TimelinePage, unread: number): Timeline {
  const messages = [...page.messages].sort(byPlace);
  if (before === null || before.chat !== chat) {
    return { chat, messages, older: page.older, firstUnread: page.first_unread, unreadCount: unread, detached: false };
  }
  // Loading the same conversation again must move neither the divider nor what is being read.
  const known = new Set(before.messages.map((message) => message.id));
  const joins = !before.detached && messages.some((message) => known.has(message.id));
  if (!joins) return { ...before, messages, older: page.older, detached: false };
  return { ...before, messages: merge(before.messages, messages) };
}

function withOlder(timeline: Timeline, page: TimelinePage): Timeline {
  const messages = merge(page.messages, timeline.messages);
  const tooMany = messages.length > TIMELINE_CAP;
  return {
    ...timeline,
    messages: tooMany ? messages.slice(0, TIMELINE_CAP) : messages,
    older: page.older,
    detached: timeline.detached || tooMany,
  };
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
  if (timeline.detached) return timeline;
  const oldest = timeline.messages[0];
  // Belongs to a page that is not loaded yet.
  if (timeline.older !== null && oldest !== undefined && byPlace(message, oldest) < 0) return timeline;
  const messages = [...timeline.messages, message].sort(byPlace);
  if (messages.length <= TIMELINE_CAP) return { ...timeline, messages };
  const kept = messages.slice(-TIMELINE_CAP);
  return { ...timeline, messages: kept, older: kept[0]?.cursor ?? null };
}
