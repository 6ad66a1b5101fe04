// Owns the shape of the backend as the window sees it: one method for each command.
// Never talks to anything itself; `tauri.ts` and `fake.ts` do.
import type {
  Cursor,
  Delivery,
  ErrorCode,
  Event,
  GroupCreated,
  GroupDetails,
  ImportIdentity,
  IpcError,
  KeyPreview,
  MessageView,
  NewGroup,
  NewIdentity,
  NotInvited,
  OutboxItem,
  PersonPreview,
  Proxy,
  Reachability,
  RelayHealth,
  RelayListChange,
  RelayListEdit,
  RelayLists,
  SendMessage,
  Session,
  Settings,
  Snapshot,
  SyncState,
  TimelinePage,
  Unlock,
} from "./generated";

/** Every method rejects with an `IpcError`. */
export interface Backend {
  /** The state, and from then on every event in order. A new call replaces the one before. */
  subscribe(onEvent: (event: Event) => void): Promise<Snapshot>;
  inspectKey(key: string, password: string | null): Promise<KeyPreview>;
  inspectPerson(text: string): Promise<PersonPreview>;
  createIdentity(args: NewIdentity): Promise<Session>;
  importIdentity(args: ImportIdentity): Promise<Session>;
  unlock(args: Unlock): Promise<Session>;
  tryIt(): Promise<Session>;
  removeTryIt(): Promise<Session>;
  createGroup(args: NewGroup): Promise<GroupCreated>;
  group(chat: string): Promise<GroupDetails>;
  invite(chat: string, people: string[]): Promise<NotInvited[]>;
  removeMember(chat: string, pubkey: string): Promise<void>;
  promote(chat: string, pubkey: string): Promise<void>;
  demote(chat: string, pubkey: string): Promise<void>;
  rename(chat: string, name: string): Promise<void>;
  describe(chat: string, description: string): Promise<void>;
  leave(chat: string): Promise<void>;
  /** Joins; resolves to the id of the chat. */
  accept(request: string): Promise<string>;
  decline(request: string): Promise<void>;
  /** The newest `limit` messages, or those older than `before`. */
  timeline(chat: string, before: Cursor | null, limit: number): Promise<TimelinePage>;
  send(args: SendMessage): Promise<MessageView>;
  retry(message: number): Promise<void>;
  delivery(message: number): Promise<Delivery[]>;
  markRead(chat: string, message: number): Promise<void>;
  setOpenChat(chat: string | null): Promise<void>;
  setSettings(settings: Settings): Promise<void>;
  retrySetup(): Promise<void>;
  setRelays(relays: string[]): Promise<void>;
  copyNpub(): Promise<void>;
  /** Where people reach the account, where it publishes, the relays of its groups, and earlier versions of its lists. */
  relayLists(): Promise<RelayLists>;
  /** What an edit would change; asks the relays first. */
  previewRelayList(edit: RelayListEdit): Promise<RelayListChange>;
  setRelayList(edit: RelayListEdit): Promise<void>;
  restoreRelayList(version: number): Promise<void>;
  /** How each relay behaves; `relay_health` events follow. */
  relayHealth(): Promise<RelayHealth[]>;
  /** The way that connections take. */
  proxy(): Promise<Proxy>;
  setProxy(proxy: Proxy): Promise<void>;
  /** Whether people can reach the account, as it was found last; `reachability` events follow. */
  reachability(): Promise<Reachability>;
  checkReachability(): Promise<Reachability>;
  fixReachability(): Promise<Reachability>;
  /** Everything that no relay has accepted yet, oldest first. */
  outboxItems(): Promise<OutboxItem[]>;
  retryOutbox(item: number): Promise<void>;
  /** How far the account is behind, and what it cannot read; `sync` events follow. */
  syncState(): Promise<SyncState>;
}

/** Makes an `IpcError` of whatever a rejected promise carries. */
export function asIpcError(cause: unknown): IpcError {
  if (typeof cause === "object" && cause !== null && "code" in cause && "message" in cause) {
    const { code, message } = cause as { code: ErrorCode; message: unknown };
    const retryable = "retryable" in cause && cause.retryable === true;
    return { code, message: String(message), retryable };
  }
  const words = cause instanceof Error ? cause.message : typeof cause === "string" ? cause : "";
  return { code: "internal", message: words === "" ? "Something went wrong inside Murmel. Try again." : words, retryable: true };
}
