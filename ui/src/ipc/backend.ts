// Owns the shape of the backend as the window sees it: one method for each command.
// Never talks to anything itself; `tauri.ts` and `fake.ts` do.
import type {
  ChangePassphrase,
  CheckReport,
  Cursor,
  Delivery,
  Desktop,
  Language,
  Draft,
  ErrorCode,
  Event,
  GroupAvatar,
  GroupCreated,
  GroupDetails,
  GroupImage,
  ImportIdentity,
  Invitable,
  IpcError,
  KeyPlace,
  KeyPreview,
  KeySafety,
  LoggedOut,
  LogOutSummary,
  MessageView,
  MuteFor,
  NewGroup,
  NewIdentity,
  NotificationChoices,
  NotInvited,
  OutboxItem,
  OwnProfile,
  PauseFor,
  PersonPreview,
  PersonView,
  ProfileFields,
  ProfileVersion,
  Proxy,
  Reachability,
  Recover,
  RelayHealth,
  RelayListChange,
  RelayListEdit,
  RelayLists,
  Revision,
  SearchPage,
  SearchQuery,
  SendMessage,
  Session,
  Settings,
  Snapshot,
  SyncState,
  TimelinePage,
  Unlock,
  Updates,
} from "./generated";

/** Every method rejects with an `IpcError`. */
export interface Backend {
  /** The state, and from then on every event in order. A new call replaces the one before. */
  subscribe(onEvent: (event: Event) => void): Promise<Snapshot>;
  /** `password` opens an ncryptsec or is the extra word of seed words; `accountIndex` says which account of seed words. */
  inspectKey(key: string, password: string | null, accountIndex?: number): Promise<KeyPreview>;
  inspectPerson(text: string): Promise<PersonPreview>;
  createIdentity(args: NewIdentity): Promise<Session>;
  importIdentity(args: ImportIdentity): Promise<Session>;
  unlock(args: Unlock): Promise<Session>;
  /** Shows another account; what follows is a `session` event, and a new subscription. */
  switchAccount(account: string): Promise<Session>;
  logOutSummary(account: string): Promise<LogOutSummary>;
  /** Asks in a dialog of the system, outside of the page, and then deletes everything of the account. */
  logOut(account: string, leaveGroups: boolean): Promise<LoggedOut>;
  lock(): Promise<Session>;
  /** Minutes; 0 is never. */
  setLockAfter(minutes: number): Promise<void>;
  /** The person does something; tell it now and then, at most every few seconds. */
  inUse(): Promise<void>;
  keySafety(): Promise<KeySafety>;
  /** Asks where to save; resolves to whether it was saved. */
  exportKey(password: string): Promise<boolean>;
  changePassphrase(args: ChangePassphrase): Promise<void>;
  /** The passphrase that seals the vault from now on, or the one that opens it now. */
  moveKey(to: KeyPlace, passphrase: string | null): Promise<void>;
  /** Shows the code once, in a dialog of the system; resolves to whether the person has it. `passphrase` opens a vault. */
  makeRecoveryCode(passphrase: string | null): Promise<boolean>;
  removeRecoveryCode(): Promise<boolean>;
  recover(args: Recover): Promise<Session>;
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
  /** An admin steps down first; `successor`, a member, becomes one in the same step. */
  leave(chat: string, successor: string | null): Promise<void>;
  /** Messages that are sent from then on disappear after this many seconds; 0 is never. */
  setRetention(chat: string, seconds: number): Promise<void>;
  setAvatar(chat: string, avatar: GroupAvatar | null): Promise<void>;
  setImage(chat: string, image: GroupImage | null): Promise<void>;
  /** `newTag`: under another routing tag, too. */
  moveGroup(chat: string, relays: string[], newTag: boolean): Promise<void>;
  upgradeGroup(chat: string): Promise<void>;
  /** For good, and for everybody. */
  endGroup(chat: string): Promise<void>;
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
  /** Messages by their words, newest first. */
  search(query: SearchQuery): Promise<SearchPage>;
  /** Makes the search index anew; `indexing` events say how far it is. */
  rebuildSearch(): Promise<void>;
  /** Looks at the whole database and the whole index. */
  check(): Promise<CheckReport>;
  delivery(message: number): Promise<Delivery[]>;
  markRead(chat: string, message: number): Promise<void>;
  /** Pinned chats come first; a new pin is the last of them. */
  pin(chat: string, pinned: boolean): Promise<void>;
  /** The pinned chats in this order; those not named follow. */
  orderPins(chats: string[]): Promise<void>;
  archive(chat: string, archived: boolean): Promise<void>;
  /** `null` ends the silence. */
  mute(chat: string, howLong: MuteFor | null): Promise<void>;
  /** Opening or reading the chat takes the mark away. */
  markUnread(chat: string, unread: boolean): Promise<void>;
  /** Unread messages that name the account or answer it, in the order of arrival. */
  unreadMentions(chat: string): Promise<number[]>;
  /** An empty draft where there is none. Sending the same text forgets it. */
  draft(chat: string): Promise<Draft>;
  setDraft(chat: string, draft: Draft): Promise<void>;
  /** What is known here; nobody is asked. A person is an npub, an nprofile or 64 hex digits. */
  person(person: string): Promise<PersonView>;
  /** Looks the profile up on relays now. */
  refreshPerson(person: string): Promise<PersonView>;
  /** Stays on this computer; an empty name takes it away. */
  setNickname(person: string, nickname: string): Promise<PersonView>;
  /** Asks the host of the address that the person gives whether it is theirs. */
  verifyAddress(person: string): Promise<PersonView>;
  /** Hides what they write; their invitations vanish. */
  block(person: string): Promise<PersonView>;
  unblock(person: string): Promise<PersonView>;
  blocked(): Promise<PersonView[]>;
  /** People known here by name, address or the beginning of a key; for an empty text those known best. Nobody is asked. */
  findPeople(text: string): Promise<PersonView[]>;
  /** Whom an npub, an nprofile, 64 hex digits or an address (NIP-05) names; asks the network. */
  findPerson(text: string): Promise<PersonView>;
  /** Whether each of them can be invited now; asks the network. */
  canInvite(people: string[]): Promise<Invitable[]>;
  /** The conversation with this person alone: the one there is, or a new one. Resolves to the id of the chat. */
  conversationWith(person: string): Promise<string>;
  ownProfile(): Promise<OwnProfile>;
  /** Publishes it: anybody can read it then. */
  setProfile(fields: ProfileFields): Promise<OwnProfile>;
  /** Earlier versions, newest first. */
  profileVersions(): Promise<ProfileVersion[]>;
  restoreProfile(version: string): Promise<OwnProfile>;
  setOpenChat(chat: string | null): Promise<void>;
  setSettings(settings: Settings): Promise<void>;
  /** Of all accounts. */
  setNotifications(choices: NotificationChoices): Promise<void>;
  /** No notifications for a time; `null` ends that. */
  pauseNotifications(howLong: PauseFor | null): Promise<void>;
  /** Whether there is a tray, and whether the session starts the app. */
  desktop(): Promise<Desktop>;
  setAutostart(on: boolean): Promise<Desktop>;
  /** What is outside of the window speaks this from now on. */
  setLanguage(language: Language): Promise<void>;
  retrySetup(): Promise<void>;
  setRelays(relays: string[]): Promise<void>;
  copyNpub(): Promise<void>;
  copyText(text: string): Promise<void>;
  /** In the person's browser; https only. */
  openLink(url: string): Promise<void>;
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
  /** How this copy of the app gets newer; `updates` events follow. */
  updates(): Promise<Updates>;
  /** Whether the app looks for newer versions by itself, once a day. */
  setUpdates(looks: boolean): Promise<Updates>;
  /** Resolves while it looks; what it finds comes as events. */
  lookForUpdate(): Promise<Updates>;
  /** Resolves while it loads; how far it is comes as events. */
  loadUpdate(): Promise<Updates>;
  cancelUpdate(): Promise<Updates>;
  /** Puts the loaded version in place of this one; then the app starts again. */
  installUpdate(): Promise<Updates>;
  /** How large the window draws everything; 1 is as the system says. */
  setZoom(factor: number): Promise<void>;
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
