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
  PersonPreview,
  Revision,
  SendMessage,
  Session,
  Settings,
  Snapshot,
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
  /** The messages that are newer than `after`, oldest first. */
  timelineAfter(chat: string, after: Cursor, limit: number): Promise<TimelinePage>;
  /** The messages around one of them, to jump there. */
  timelineAround(chat: string, message: number, limit: number): Promise<TimelinePage>;
  send(args: SendMessage): Promise<MessageView>;
  retry(message: number): Promise<void>;
  /** Takes a message back that no relay has. */
  cancelMessage(message: number): Promise<void>;
  react(message: number, emoji: string): Promise<void>;
  unreact(message: number, emoji: string): Promise<void>;
  edit(message: number, text: string): Promise<void>;
  /** For everybody. */
  deleteMessage(message: number): Promise<void>;
  /** Every text that a message had, the first one first. */
  history(message: number): Promise<Revision[]>;
  delivery(message: number): Promise<Delivery[]>;
  markRead(chat: string, message: number): Promise<void>;
  setOpenChat(chat: string | null): Promise<void>;
  setSettings(settings: Settings): Promise<void>;
  retrySetup(): Promise<void>;
  setRelays(relays: string[]): Promise<void>;
  copyNpub(): Promise<void>;
  copyText(text: string): Promise<void>;
  /** In the person's browser; https only. */
  openLink(url: string): Promise<void>;
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
