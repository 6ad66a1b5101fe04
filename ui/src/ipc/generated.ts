// Generated from crates/ipc. Do not edit: change the Rust types and run `MURMEL_UPDATE=1 cargo test -p murmel-ipc`.

export type AccountEntry = { 
/**
 * The public key, bech32.
 */
npub: string, 
/**
 * The name the person chose; empty where there is none, or where the account was not open since the start.
 */
name: string, 
/**
 * How it stands.
 */
state: AccountState, 
/**
 * Unread messages in all its chats; 0 unless it is open.
 */
unread: number, };

export type AccountState = "open" | "locked" | "unavailable" | "closed";

export type AccountView = { 
/**
 * The public key, bech32.
 */
npub: string, 
/**
 * The name the person chose; may be empty.
 */
name: string, 
/**
 * Where the secret key is kept.
 */
key_place: KeyPlace, 
/**
 * A conversation with the companion on an embedded relay; can be removed without a trace.
 */
try_it: boolean, 
/**
 * Key package slots of other clients that were found at import and left alone.
 */
other_clients: number, };

export type AddressState = "unknown" | "verified" | "refuted";

export type ChangePassphrase = { 
/**
 * The passphrase that opens it now.
 */
old: SecretText, 
/**
 * The one that opens it from now on.
 */
new: SecretText, };

export type ChangeObstacle = "refused" | "renamed" | "described" | "too_many" | "impossible";

export type ChatRow = { 
/**
 * Names the chat in every command: the MLS group id in hex.
 */
id: string, 
/**
 * The group's name, or the members' names where it has none.
 */
name: string, 
/**
 * How the group stands.
 */
state: GroupState, 
/**
 * The newest message; `None` where there is none.
 */
preview: Excerpt | null, 
/**
 * Who wrote it, as shown; empty for system rows, those of somebody who is blocked, and where there is none.
 */
preview_sender: string, 
/**
 * Time of the last message, Unix seconds; sorts the list below the pinned chats, newest first.
 */
last_activity: number, 
/**
 * Messages of others that were not read yet.
 */
unread: number, 
/**
 * Those of them that name the account or answer it; at most 999.
 */
mentions: number, 
/**
 * Shown as unread because the person wants it so, whatever was read.
 */
marked_unread: boolean, 
/**
 * Start of what was written and not sent yet, one line; empty where there is nothing.
 */
draft: string, 
/**
 * Place among the pinned chats, from 0; they come first.
 */
pinned: number | null, 
/**
 * Out of the way until a message comes that is not muted.
 */
archived: boolean, 
/**
 * No notices, and its unread messages stay out of the badge; its mentions do not.
 */
muted: Mute | null, 
/**
 * In a conversation of two that nobody else was ever in: the other person, 64 hex digits.
 */
direct: string | null, 
/**
 * Own messages that failed.
 */
failed: number, 
/**
 * Number of member accounts.
 */
members: number, };

export type CheckReport = { 
/**
 * Whether every page of the file and every reference between rows is in order.
 */
database: boolean, 
/**
 * Whether the search index is in order and has every message.
 */
index: boolean, 
/**
 * Messages with a text.
 */
messages: number, 
/**
 * Messages in the search index.
 */
indexed: number, 
/**
 * The index is being made anew and is this far, in percent.
 */
indexing: number | null, };

export type ClockFault = { 
/**
 * By how many seconds the clock is ahead; negative where it is behind.
 */
ahead: number, 
/**
 * Relays that say so.
 */
relays: number, 
/**
 * What it means and what to do, in plain words.
 */
words: string, };

export type Cursor = { 
/**
 * Unix seconds of the row.
 */
at: number, 
/**
 * Orders rows of the same time, for everybody alike; below 2⁴⁸.
 */
tie: number, 
/**
 * Sequence of the row.
 */
seq: number, };

export type Delivery = { 
/**
 * The relay.
 */
relay: string, 
/**
 * What it said last.
 */
answer: DeliveryAnswer, 
/**
 * The relay's own words, or ours; may be empty.
 */
detail: string, 
/**
 * How often it was tried.
 */
attempts: number, 
/**
 * Unix seconds of the last attempt; `None` before the first.
 */
at: number | null, };

export type DeliveryAnswer = "waiting" | "accepted" | "refused" | "timed_out" | "unreachable";

export type Desktop = { 
/**
 * Whether the app is in a tray, so that closing the window hides it.
 */
tray: boolean, 
/**
 * Whether the app starts with the session; `None` where the system does not say.
 */
autostart: boolean | null, };

export type Draft = { 
/**
 * The text of a new message; at most 64 KiB of UTF-8.
 */
text: string, 
/**
 * The message that it answers, as in [`crate::MessageView::id`].
 */
reply_to: number | null, 
/**
 * A message of the account's own that is being changed. The new message is kept beside it.
 */
edit: DraftEdit | null, };

export type DraftEdit = { 
/**
 * Which, as in [`crate::MessageView::id`].
 */
message: number, 
/**
 * Its new text; at most 64 KiB of UTF-8.
 */
text: string, };

export type ErrorCode = "invalid_key" | "wrong_password" | "password_needed" | "keychain_missing" | "keychain_locked" | "key_missing" | "no_account" | "account_exists" | "too_many_accounts" | "already_running" | "not_found" | "invalid_person" | "no_key_package" | "not_admin" | "last_admin" | "group_inactive" | "busy" | "too_large" | "invalid_input" | "offline" | "relay_refused" | "disk_full" | "storage" | "internal";

export type Excerpt = { "type": "text", 
/**
 * One line.
 */
text: string, } | { "type": "deleted" } | { "type": "hidden" } | { "type": "system", 
/**
 * What happened.
 */
event: SystemMessage, };

export type Event = { 
/**
 * One more than that of the event before.
 */
seq: number, 
/**
 * The npub of the account that it is about; `None` where it is about the profile.
 */
account: string | null, } & ({ "type": "session", 
/**
 * Where it stands now.
 */
session: Session, } | { "type": "account", 
/**
 * The whole entry.
 */
entry: AccountEntry, } | { "type": "lock_after", 
/**
 * Minutes; 0 is never.
 */
minutes: number, } | { "type": "notifications", 
/**
 * All of it.
 */
notifications: Notifications, } | { "type": "chat", 
/**
 * The whole row.
 */
chat: ChatRow, } | { "type": "chat_removed", 
/**
 * Which.
 */
id: string, } | { "type": "message", 
/**
 * The whole message.
 */
message: MessageView, } | { "type": "messages_removed", 
/**
 * The chat.
 */
chat: string, 
/**
 * Which, as in [`MessageView::id`].
 */
messages: number[], } | { "type": "group", 
/**
 * The whole group.
 */
group: GroupDetails, } | { "type": "request", 
/**
 * The whole request.
 */
request: RequestView, } | { "type": "request_removed", 
/**
 * Which.
 */
id: string, } | { "type": "person", 
/**
 * All of it.
 */
person: PersonView, } | { "type": "setup", 
/**
 * All steps.
 */
setup: Array<SetupStep>, } | { "type": "network", 
/**
 * All of it.
 */
network: NetworkState, } | { "type": "relay_health", 
/**
 * All of them.
 */
relays: Array<RelayHealth>, } | { "type": "reachability", 
/**
 * All of it.
 */
reachability: Reachability, } | { "type": "sync", 
/**
 * All of it.
 */
sync: SyncState, } | { "type": "settings", 
/**
 * All of them.
 */
settings: Settings, } | { "type": "indexing", 
/**
 * How far it is; `None` once it is complete.
 */
percent: number | null, } | { "type": "updates", 
/**
 * All of it.
 */
updates: Updates, } | { "type": "open_chat", 
/**
 * Which.
 */
chat: string, 
/**
 * The message to show, where it is known.
 */
message: number | null, } | { "type": "open_person", 
/**
 * The npub, or an nprofile.
 */
person: string, });

export type EventKind = { "type": "session", 
/**
 * Where it stands now.
 */
session: Session, } | { "type": "account", 
/**
 * The whole entry.
 */
entry: AccountEntry, } | { "type": "lock_after", 
/**
 * Minutes; 0 is never.
 */
minutes: number, } | { "type": "notifications", 
/**
 * All of it.
 */
notifications: Notifications, } | { "type": "chat", 
/**
 * The whole row.
 */
chat: ChatRow, } | { "type": "chat_removed", 
/**
 * Which.
 */
id: string, } | { "type": "message", 
/**
 * The whole message.
 */
message: MessageView, } | { "type": "messages_removed", 
/**
 * The chat.
 */
chat: string, 
/**
 * Which, as in [`MessageView::id`].
 */
messages: number[], } | { "type": "group", 
/**
 * The whole group.
 */
group: GroupDetails, } | { "type": "request", 
/**
 * The whole request.
 */
request: RequestView, } | { "type": "request_removed", 
/**
 * Which.
 */
id: string, } | { "type": "person", 
/**
 * All of it.
 */
person: PersonView, } | { "type": "setup", 
/**
 * All steps.
 */
setup: Array<SetupStep>, } | { "type": "network", 
/**
 * All of it.
 */
network: NetworkState, } | { "type": "relay_health", 
/**
 * All of them.
 */
relays: Array<RelayHealth>, } | { "type": "reachability", 
/**
 * All of it.
 */
reachability: Reachability, } | { "type": "sync", 
/**
 * All of it.
 */
sync: SyncState, } | { "type": "settings", 
/**
 * All of them.
 */
settings: Settings, } | { "type": "indexing", 
/**
 * How far it is; `None` once it is complete.
 */
percent: number | null, } | { "type": "updates", 
/**
 * All of it.
 */
updates: Updates, } | { "type": "open_chat", 
/**
 * Which.
 */
chat: string, 
/**
 * The message to show, where it is known.
 */
message: number | null, } | { "type": "open_person", 
/**
 * The npub, or an nprofile.
 */
person: string, };

export type Found = "current" | "outdated" | "missing" | "unread";

export type Gap = { 
/**
 * The chat; `None` for invitations.
 */
chat: string | null, 
/**
 * The relay that has not handed everything over.
 */
relay: string, 
/**
 * Everything before this is here: local clock, Unix seconds; `None` where nothing was read yet.
 */
since: number | null, 
/**
 * Why.
 */
cause: GapCause, 
/**
 * Why, in plain words, in English; may quote the relay.
 */
reason: string, };

export type GapCause = "refused" | "out_of_reach" | "unfinished" | "flood";

export type GroupCreated = { 
/**
 * The chat.
 */
chat: string, 
/**
 * People who could not be invited; the group exists without them.
 */
not_invited: Array<NotInvited>, };

export type GroupDetails = { 
/**
 * As in [`ChatRow::id`].
 */
id: string, 
/**
 * The group's name; may be empty.
 */
name: string, 
/**
 * The group's description; may be empty.
 */
description: string, 
/**
 * How the group stands.
 */
state: GroupState, 
/**
 * The MLS epoch.
 */
epoch: number, 
/**
 * Relays that carry the group.
 */
relays: Array<string>, 
/**
 * All members; the account itself first, then by name.
 */
members: Array<MemberView>, 
/**
 * Whether the account is an admin.
 */
i_am_admin: boolean, 
/**
 * Seconds after which messages disappear; 0 is never.
 */
retention: number, 
/**
 * URL of the group's picture; `None` where there is none. It is not fetched without consent.
 */
avatar: string | null, };

export type GroupAvatar = { 
/**
 * An https URL without user and fragment, at most 2,048 bytes.
 */
url: string, 
/**
 * Width and height such as `640x480`; may be empty.
 */
dimension: string, 
/**
 * A thumbhash; may be empty.
 */
thumbhash: string, };

export type GroupImage = { 
/**
 * SHA-256 of the encrypted bytes, 64 hex digits.
 */
hash: string, 
/**
 * The key that opens them, 64 hex digits.
 */
key: string, 
/**
 * The nonce that goes with it, 24 hex digits.
 */
nonce: string, 
/**
 * The secret key that signed the upload, 64 hex digits.
 */
upload_key: string, 
/**
 * MIME type of the picture.
 */
media_type: string, };

export type GroupRelays = { 
/**
 * The chat, as in [`crate::ChatRow::id`].
 */
chat: string, 
/**
 * Its name, as shown.
 */
name: string, 
/**
 * Its relays.
 */
relays: Array<string>, 
/**
 * Whether the account may change them.
 */
i_am_admin: boolean, };

export type GroupState = "active" | "leaving" | "left" | "removed" | "stranded" | "ended";

export type ImportIdentity = { 
/**
 * nsec, 64 hex digits, ncryptsec, or seed words (NIP-06).
 */
key: SecretText, 
/**
 * Opens an ncryptsec, or is the extra word of seed words; ignored for the other forms.
 */
password: SecretText | null, 
/**
 * As in [`NewIdentity::passphrase`].
 */
passphrase: SecretText | null, 
/**
 * Which account of seed words; 0 is the first one, and holds where nothing is given.
 */
account_index?: number, };

export type Invitable = { 
/**
 * Who, bech32.
 */
npub: string, 
/**
 * Why not; `None` where they can be.
 */
refusal: Refusal | null, };

export type InvitationState = { "state": "waiting" } | { "state": "sent", 
/**
 * Relays that said OK.
 */
accepted: number, 
/**
 * Relays that are tried.
 */
relays: number, } | { "state": "failed", 
/**
 * Why.
 */
cause: Unsent, 
/**
 * Why, in plain words, in English; may quote a relay.
 */
reason: string, };

export type IpcError = { 
/**
 * What to branch on.
 */
code: ErrorCode, 
/**
 * One or two plain sentences: what happened and what to do.
 */
message: string, 
/**
 * Whether the same call may succeed later.
 */
retryable: boolean, };

export type KeyFault = "keychain_missing" | "keychain_locked" | "keychain_denied" | "keychain_silent" | "keychain_failed" | "key_gone" | "key_changed" | "key_does_not_fit" | "vault_damaged" | "database_missing" | "database_damaged";

export type KeyKind = "nsec" | "hex" | "ncryptsec" | "words";

export type KeyPlace = "keychain" | "vault";

export type KeyPreview = { 
/**
 * The form of the key.
 */
kind: KeyKind, 
/**
 * The public key; `None` while an ncryptsec is closed.
 */
npub: string | null, 
/**
 * Where the key will be kept.
 */
key_place: KeyPlace, };

export type KeySafety = { 
/**
 * Where the key is kept.
 */
key_place: KeyPlace, 
/**
 * Whether this computer has a keychain that could keep it.
 */
keychain: boolean, 
/**
 * Whether there is a recovery code.
 */
recovery: boolean, };

export type Language = "en" | "nl";

export type LoggedOut = { 
/**
 * Whether it was done; `false` where the person said no to the question.
 */
done: boolean, 
/**
 * Groups that could not be left, where that was asked for: their members go on seeing the account in them.
 */
not_left: Array<NotLeft>, };

export type LogOutSummary = { 
/**
 * Whose account it is.
 */
npub: string, 
/**
 * Its name; may be empty.
 */
name: string, 
/**
 * Messages; `None` where the account is not open and nobody can count.
 */
messages: number | null, 
/**
 * Groups that the account is a member of.
 */
groups: number | null, 
/**
 * Messages and changes that no relay has yet.
 */
unsent: number | null, };

export type MemberView = { 
/**
 * The public key, 64 hex digits.
 */
pubkey: string, 
/**
 * The public key, bech32.
 */
npub: string, 
/**
 * The person's name, or a short form of the npub.
 */
name: string, 
/**
 * Whether the member is an admin.
 */
is_admin: boolean, 
/**
 * Whether it is the account itself.
 */
is_me: boolean, 
/**
 * How the invitation stands with which the account added this person; `None` where somebody else did, where the person was heard since,
 * or long ago.
 */
invitation: InvitationState | null, };

export type Mention = { 
/**
 * The public key, bech32: as it stands in the text, after `nostr:`.
 */
npub: string, 
/**
 * The name as shown.
 */
name: string, 
/**
 * Whether it is the account itself.
 */
is_me: boolean, };

export type MessageKind = { "type": "text", 
/**
 * The text; deleted messages have none.
 */
text: string, 
/**
 * Whether the author replaced the text since.
 */
edited: boolean, 
/**
 * Whether the author deleted it.
 */
deleted: boolean, 
/**
 * The message it answers, where that one is here.
 */
reply_to: number | null, 
/**
 * One line of the message it answers; `None` where that one is not here.
 */
quote: Excerpt | null, 
/**
 * What people think of it, most chosen first.
 */
reactions: Array<Reaction>, 
/**
 * Whom it names; in the text each stands as `nostr:npub1…`.
 */
mentions: Array<Mention>, } | { "type": "system", 
/**
 * What happened.
 */
event: SystemMessage, };

export type MessageState = { "state": "received" } | { "state": "queued" } | { "state": "sent", 
/**
 * Relays that said OK.
 */
accepted: number, 
/**
 * Relays of the group.
 */
relays: number, } | { "state": "failed", 
/**
 * Why.
 */
cause: Unsent, 
/**
 * Why, in plain words, in English; may quote a relay.
 */
reason: string, };

export type MessageView = { 
/**
 * Never reused.
 */
id: number, 
/**
 * Orders the timeline.
 */
cursor: Cursor, 
/**
 * The chat it belongs to.
 */
chat: string, 
/**
 * The author's public key, 64 hex digits.
 */
sender: string, 
/**
 * The author's name as shown.
 */
sender_name: string, 
/**
 * Whether the account wrote it.
 */
mine: boolean, 
/**
 * What the row shows.
 */
kind: MessageKind, 
/**
 * Unix seconds, as the author states them.
 */
at: number, 
/**
 * Unix seconds by this computer's clock, when it arrived or was written here. A row that came much later than the rows after it was
 * delivered late.
 */
received_at: number, 
/**
 * How far it got.
 */
state: MessageState, 
/**
 * Of somebody else, and names the account or answers it.
 */
mentions_me: boolean, 
/**
 * The author is blocked: a line stands in its place until the person asks to see it.
 */
hidden: boolean, };

export type Mute = { 
/**
 * Until when, Unix seconds; `None` is for ever.
 */
until: number | null, };

export type MuteFor = "hour" | "eight_hours" | "day" | "week" | "always";

export type NetworkState = { 
/**
 * All relays in use.
 */
relays: Array<RelayView>, 
/**
 * Events that wait to be published.
 */
outbox: number, 
/**
 * Whether the backlog is being fetched.
 */
catching_up: boolean, };

export type NewGroup = { 
/**
 * At most 256 bytes of UTF-8.
 */
name: string, 
/**
 * At most 4,096 bytes of UTF-8.
 */
description: string, 
/**
 * Each an npub, an nprofile or 64 hex digits.
 */
people: Array<string>, };

export type NewIdentity = { 
/**
 * What the person calls the account; kept on this computer. May be empty.
 */
name: string, 
/**
 * Seals the vault where the computer has no keychain; `None` puts the key into the keychain.
 */
passphrase: SecretText | null, };

export type NotificationChoices = { 
/**
 * What they show.
 */
shows: NotificationPrivacy, 
/**
 * Whether a message that names the account, or answers it, is announced from a silent chat.
 */
mentions_through_mute: boolean, 
/**
 * Whether they make a sound, where the system has one for them.
 */
sound: boolean, 
/**
 * Whether the entry in the task bar calls for attention.
 */
attention: boolean, 
/**
 * Whether the number of unread messages stands on the icon.
 */
badge: boolean, 
/**
 * When there are none.
 */
quiet: QuietHours | null, };

export type NotificationPrivacy = "off" | "count" | "name" | "name_and_text";

export type Notifications = { 
/**
 * What was chosen.
 */
choices: NotificationChoices, 
/**
 * Until when there are none, Unix seconds; `None` where they are not paused.
 */
paused_until: number | null, 
/**
 * Whether the system shows them.
 */
server: NotificationServer, };

export type NotificationServer = "unknown" | "ready" | "missing";

export type NotInvited = { 
/**
 * Who.
 */
npub: string, 
/**
 * Why.
 */
refusal: Refusal, };

export type NotLeft = { 
/**
 * Its name.
 */
group: string, 
/**
 * Why, in words.
 */
reason: string, };

export type Obstacle = "member" | "offline" | "no_inbox" | "no_key_package" | "other_app" | "lapsed" | "unusable";

export type OutboxItem = { 
/**
 * Names it for `retry_outbox`.
 */
id: number, 
/**
 * What it is.
 */
kind: OutboxKind, 
/**
 * The chat, as in [`crate::ChatRow::id`], where it belongs to one.
 */
chat: string | null, 
/**
 * The chat's name.
 */
chat_name: string, 
/**
 * The message, where it carries one that is shown: as in [`crate::MessageView::id`].
 */
message: number | null, 
/**
 * When it was handed over, Unix seconds.
 */
created_at: number, 
/**
 * Whether every relay refused it. Otherwise it waits, and is tried again by itself.
 */
failed: boolean, 
/**
 * What the last relay said that refused it, where it failed; may be empty.
 */
refusal: string, 
/**
 * What each relay said.
 */
relays: Array<Delivery>, };

export type OutboxKind = "message" | "change" | "invitation" | "relay_list" | "key_package" | "other";

export type OwnProfile = { 
/**
 * The fields that can be edited.
 */
fields: ProfileFields, 
/**
 * When it was published, Unix seconds; `None` where nothing is published.
 */
published_at: number | null, 
/**
 * Fields of other apps that stay as they are, by name.
 */
other_fields: Array<string>, };

export type PauseFor = "hour" | "tomorrow";

export type PersonPreview = { 
/**
 * The public key, bech32.
 */
npub: string, 
/**
 * The public key, 64 hex digits.
 */
pubkey: string, 
/**
 * A name, where one is known.
 */
name: string | null, 
/**
 * Whether it is the account itself.
 */
is_me: boolean, };

export type PersonView = { 
/**
 * The public key, 64 hex digits.
 */
pubkey: string, 
/**
 * The public key, bech32.
 */
npub: string, 
/**
 * As shown everywhere: the nickname, else the name of the profile, else a short form of the npub.
 */
name: string, 
/**
 * What they are called on this computer; empty where they have no nickname.
 */
nickname: string, 
/**
 * The name that they published; empty where none is known.
 */
profile_name: string, 
/**
 * What they say about themselves; may have several lines.
 */
about: string, 
/**
 * URL of a picture, https. It is not fetched without consent.
 */
picture: string | null, 
/**
 * URL of a page, https.
 */
website: string | null, 
/**
 * The address that they give as theirs, such as `anna@example.org` (NIP-05).
 */
address: string | null, 
/**
 * Whether that address is theirs.
 */
address_state: AddressState, 
/**
 * When that was found out, Unix seconds.
 */
address_at: number | null, 
/**
 * When the profile was looked up last, Unix seconds; `None` where it never was.
 */
looked_at: number | null, 
/**
 * Whether it is the account itself.
 */
is_me: boolean, 
/**
 * Has a nickname, or a conversation with them was begun or accepted.
 */
is_contact: boolean, 
/**
 * Their messages are hidden, their invitations vanish.
 */
is_blocked: boolean, 
/**
 * The chats that they are in with the account, as in [`crate::ChatRow::id`].
 */
chats: Array<string>, 
/**
 * The conversation with them alone, where there is one.
 */
conversation: string | null, };

export type ProfileFields = { 
/**
 * At most 100 characters.
 */
name: string, 
/**
 * At most 2,000 characters.
 */
about: string, 
/**
 * An https URL, or empty.
 */
picture: string, 
/**
 * An https URL, or empty.
 */
website: string, 
/**
 * `name@host` (NIP-05), or empty.
 */
address: string, };

export type ProfileVersion = { 
/**
 * Names it in commands: the event id in hex.
 */
id: string, 
/**
 * When it was published, Unix seconds.
 */
published_at: number, 
/**
 * What it said.
 */
fields: ProfileFields, };

export type Proxy = { "way": "off" } | { "way": "tor" } | { "way": "socks", 
/**
 * Its host: an IP address, or `localhost`.
 */
host: string, 
/**
 * Its port.
 */
port: number, } | { "way": "unreadable" };

export type QuietHours = { 
/**
 * The days on which they begin, 0 is Monday and 6 is Sunday.
 */
days: Array<number>, 
/**
 * When they begin, minutes after midnight.
 */
from: number, 
/**
 * When they end, minutes after midnight; on the next day where that is not later than `from`.
 */
to: number, };

export type Race = { 
/**
 * When it was decided here, Unix seconds.
 */
at: number, 
/**
 * The last epoch that both branches share; `None` where only one branch was seen.
 */
fork: number | null, 
/**
 * What decided.
 */
reason: RaceReason | null, 
/**
 * Whether the group went another way than it had gone here until then.
 */
switched: boolean, 
/**
 * The changes that count.
 */
kept: Array<RaceCommit>, 
/**
 * The changes that do not.
 */
left: Array<RaceCommit>, 
/**
 * Messages of others that were withdrawn with them.
 */
withdrawn: number, 
/**
 * Own messages that were sent again.
 */
resent: number, 
/**
 * Own changes that are made again.
 */
again: number, };

export type RaceCommit = { 
/**
 * The epoch that it began.
 */
epoch: number, 
/**
 * SHA-256 of the commit, hex.
 */
commit: string, 
/**
 * Who made it, hex; `None` where that is not known.
 */
by: string | null, };

export type RaceReason = "longer" | "witnessed" | "more_witnesses" | "privileged" | "lower_account" | "lower_digest";

export type ReachFix = "none" | "publish" | "connection" | "other_relays";

export type ReachName = "relay_list" | "inbox_list" | "key_package";

export type ReachPart = { 
/**
 * Which.
 */
name: ReachName, 
/**
 * The answer for this part.
 */
state: ReachState, 
/**
 * Why it is not `yes`, and what to do, in plain words; else empty.
 */
reason: string, 
/**
 * What `fix_reachability` would do about it.
 */
fix: ReachFix, 
/**
 * Each relay on which it should be.
 */
relays: Array<ReachRelay>, };

export type ReachRelay = { 
/**
 * The address.
 */
url: string, 
/**
 * What it has.
 */
found: Found, 
/**
 * The relay's words or ours, where it could not be read.
 */
detail: string, };

export type ReachState = "unknown" | "yes" | "partly" | "no";

export type Reachability = { 
/**
 * The answer.
 */
state: ReachState, 
/**
 * When it was looked at last, Unix seconds.
 */
checked_at: number | null, 
/**
 * Whether it is being looked at now.
 */
checking: boolean, 
/**
 * The parts that people need.
 */
parts: Array<ReachPart>, };

export type Reaction = { 
/**
 * The emoji, or another short text; `+` is a like.
 */
emoji: string, 
/**
 * How many people chose it.
 */
count: number, 
/**
 * Whether the account did.
 */
mine: boolean, 
/**
 * Names of those who chose it, the account first; not more than can be shown.
 */
people: Array<string>, };

export type Recover = { 
/**
 * The code, with or without spaces and dashes.
 */
code: SecretText, 
/**
 * Seals the key in a vault from now on; `None` puts it into the keychain.
 */
passphrase: SecretText | null, };

export type Refusal = { 
/**
 * What is in the way.
 */
obstacle: Obstacle, 
/**
 * In plain words, in English, and exactly.
 */
reason: string, };

export type RelayAuth = "none" | "asked" | "given" | "refused" | "withheld";

export type RelayEntry = { 
/**
 * The address.
 */
url: string, 
/**
 * Whether the entry is for reading.
 */
read: boolean, 
/**
 * Whether the entry is for writing.
 */
write: boolean, 
/**
 * Whether Murmel uses it. The others were put there by another app; they stay, unless they are taken out explicitly.
 */
used: boolean, };

export type RelayError = { 
/**
 * In plain words; may quote the relay.
 */
words: string, 
/**
 * When, Unix seconds.
 */
at: number, };

export type RelayHealth = { 
/**
 * The address.
 */
url: string, 
/**
 * The line.
 */
line: RelayLine, 
/**
 * What the relay is for on this line; empty where it is only asked about other people.
 */
roles: Array<RelayRole>, 
/**
 * Where the connection stands.
 */
state: RelayState, 
/**
 * The state as a sentence.
 */
words: string, 
/**
 * How long it takes to answer, in milliseconds.
 */
latency: number | null, 
/**
 * The last thing that went wrong.
 */
last_error: RelayError | null, 
/**
 * How we stand about authentication.
 */
auth: RelayAuth, 
/**
 * When it last handed something over or took something, Unix seconds.
 */
delivered_at: number | null, 
/**
 * When it is dialled again, Unix seconds, where it rests.
 */
next_try_at: number | null, 
/**
 * 0 to 100; 50 where nothing is known. Relays with more are asked first; none is left out.
 */
score: number, };

export type RelayLine = "account" | "groups";

export type RelayListChange = { 
/**
 * Which list.
 */
role: RelayRole, 
/**
 * Entries that would be new.
 */
added: Array<string>, 
/**
 * Entries that would be gone.
 */
removed: Array<string>, 
/**
 * Entries of other apps that would stay.
 */
kept: Array<string>, 
/**
 * The whole list afterwards.
 */
after: Array<string>, 
/**
 * Relays that were read, and handed over everything they have.
 */
read_from: Array<string>, 
/**
 * Relays that could not be read. Where all of them are here, nothing is known and nothing would be written.
 */
not_read: Array<string>, };

export type RelayListEdit = { 
/**
 * Which list; not [`RelayRole::Group`].
 */
role: RelayRole, 
/**
 * All relays that Murmel is to use for it.
 */
relays: Array<string>, 
/**
 * Entries of other apps that are to be taken out, too.
 */
remove: Array<string>, };

export type RelayListVersion = { 
/**
 * Names it for `restore_relay_list`.
 */
id: number, 
/**
 * Which list.
 */
role: RelayRole, 
/**
 * When it was made, by its own account, Unix seconds.
 */
created_at: number, 
/**
 * Its entries.
 */
relays: Array<string>, 
/**
 * Whether it is the newest one that is known.
 */
current: boolean, };

export type RelayLists = { 
/**
 * Where people reach the account.
 */
reach: Array<RelayEntry>, 
/**
 * Where the account publishes.
 */
publish: Array<RelayEntry>, 
/**
 * The relays of each group; only its admins can change them, with `move_group`.
 */
groups: Array<GroupRelays>, 
/**
 * Earlier versions of both lists, newest first; they can be restored.
 */
versions: Array<RelayListVersion>, 
/**
 * Whether what was chosen is published: a relay has it and handed it over again.
 */
published: boolean, };

export type RelayRole = "reach" | "publish" | "group";

export type RelayState = "idle" | "connecting" | "connected" | "resting" | "forbidden";

export type RelayView = { 
/**
 * Its address.
 */
url: string, 
/**
 * Whether there is a connection.
 */
connected: boolean, 
/**
 * Whether it is one of the account's own relays, as in its lists; the others are those of groups and of people to be reached.
 */
own: boolean, };

export type RequestPerson = { 
/**
 * The public key, bech32.
 */
npub: string, 
/**
 * The nickname or the name of their profile, else a short form of the npub.
 */
name: string, 
/**
 * Has a nickname, or a conversation with them was begun or accepted.
 */
is_contact: boolean, };

export type RequestView = { 
/**
 * Names the request in commands.
 */
id: string, 
/**
 * The group's name; may be empty.
 */
group_name: string, 
/**
 * The group's description; may be empty.
 */
description: string, 
/**
 * Who invites, 64 hex digits. The only anchor of trust: it is authenticated.
 */
inviter: string, 
/**
 * Who invites, bech32.
 */
inviter_npub: string, 
/**
 * The inviter's name, or a short form of the npub.
 */
inviter_name: string, 
/**
 * Number of member accounts.
 */
members: number, 
/**
 * Who is in it, as far as that is kept: the inviter first, then people known here. At most 20.
 */
people: Array<RequestPerson>, 
/**
 * How many of the members are contacts of the account.
 */
known: number, 
/**
 * A conversation with the inviter alone.
 */
direct: boolean, 
/**
 * Unix seconds when it arrived here.
 */
received_at: number, 
/**
 * Why it cannot be accepted, in a sentence; `None` where it can.
 */
problem: string | null, };

export type Revision = { 
/**
 * The text.
 */
text: string, 
/**
 * Unix seconds, as the author states them.
 */
at: number, };

export type SearchHit = { 
/**
 * Names the message, as in [`crate::MessageView::id`]: `timeline_around` goes there.
 */
message: number, 
/**
 * The chat, as in [`crate::ChatRow::id`].
 */
chat: string, 
/**
 * The chat's name as shown.
 */
chat_name: string, 
/**
 * The author's public key, 64 hex digits.
 */
sender: string, 
/**
 * The author's name as shown.
 */
sender_name: string, 
/**
 * Whether the account wrote it.
 */
mine: boolean, 
/**
 * Unix seconds, as the author states them.
 */
at: number, 
/**
 * The part of the text in which the first word was found, on one line; the parts belong together without spaces between them.
 */
snippet: Array<SnippetPart>, };

export type SearchPage = { 
/**
 * The messages.
 */
hits: Array<SearchHit>, 
/**
 * Ask for what is older than this; `None` where there is nothing more.
 */
older: Cursor | null, 
/**
 * The index is being made anew and is this far, in percent: older messages may be missing. `None` where it is complete.
 */
indexing: number | null, };

export type SearchQuery = { 
/**
 * Words (all of them), "phrases", beginnings*. The last word counts as a beginning while no space follows it. No text is wrong;
 * the first 1,000 characters count. May be empty where a chat or a person is given.
 */
text: string, 
/**
 * In this chat only.
 */
chat: string | null, 
/**
 * By this person only: an npub, an nprofile or 64 hex digits.
 */
person: string | null, 
/**
 * Not before this time, Unix seconds.
 */
since: number | null, 
/**
 * Not after this time, Unix seconds.
 */
until: number | null, 
/**
 * Go on from here: [`SearchPage::older`] of the page before.
 */
before: Cursor | null, 
/**
 * How many, at most 100.
 */
limit: number, };

export type SecretText = string;

export type SendMessage = { 
/**
 * The chat, as in [`crate::ChatRow::id`].
 */
chat: string, 
/**
 * The text, as typed.
 */
text: string, 
/**
 * The message this one answers.
 */
reply_to: number | null, };

export type Session = { "state": "first_run", 
/**
 * Where a key would be kept.
 */
key_place: KeyPlace, } | { "state": "locked", 
/**
 * Whose account it is.
 */
npub: string, 
/**
 * What opens it: the passphrase of the vault, or the keychain, which is asked again.
 */
key_place: KeyPlace, 
/**
 * Whether a recovery code was made that opens it, too.
 */
recovery: boolean, } | { "state": "key_unavailable", 
/**
 * Whose data it is.
 */
npub: string, 
/**
 * Why, to branch on.
 */
reason: KeyFault, 
/**
 * Whether asking again may help (`true`), or something has to be brought back first (`false`).
 */
retryable: boolean, 
/**
 * Whether a recovery code was made; where the key is what is missing, it opens the account.
 */
recovery: boolean, 
/**
 * What happened and what to do.
 */
message: string, } | { "state": "ready", 
/**
 * The open account.
 */
account: AccountView, };

export type Settings = { 
/**
 * Whose invitations are shown.
 */
who_may_add_me: WhoMayAdd, };

export type SetupName = "look_up" | "relay_lists" | "key_package";

export type SetupStep = { 
/**
 * Which step.
 */
name: SetupName, 
/**
 * How it stands.
 */
state: StepState, 
/**
 * What went wrong; `None` unless failed.
 */
code: ErrorCode | null, 
/**
 * What went wrong and what to do, in English; empty unless failed.
 */
detail: string, };

export type Snapshot = { 
/**
 * The next event carries `seq + 1`.
 */
seq: number, 
/**
 * Where the profile stands.
 */
session: Session, 
/**
 * Every account of the profile, in the order in which they were added; all below is of the one that the session names.
 */
accounts: Array<AccountEntry>, 
/**
 * The npub of the account that is shown; `None` while there is none.
 */
current: string | null, 
/**
 * Where the key of another account would be kept.
 */
new_key_place: KeyPlace, 
/**
 * After how many minutes without use everything is locked; 0 is never.
 */
lock_after: number, 
/**
 * How notifications stand, of all accounts.
 */
notifications: Notifications, 
/**
 * All chats, newest activity first.
 */
chats: Array<ChatRow>, 
/**
 * Invitations that wait, newest first.
 */
requests: Array<RequestView>, 
/**
 * The network set-up.
 */
setup: Array<SetupStep>, 
/**
 * Relays and connections.
 */
network: NetworkState, 
/**
 * The person's choices.
 */
settings: Settings, };

export type SnippetPart = { 
/**
 * Plain text.
 */
text: string, 
/**
 * Whether it is what was looked for.
 */
found: boolean, };

export type StepState = "waiting" | "running" | "done" | "failed";

export type SyncState = { 
/**
 * Whether everything that reachable relays have is here and applied.
 */
caught_up: boolean, 
/**
 * Events that were fetched in this catch-up.
 */
fetched: number, 
/**
 * Events of those that are applied.
 */
applied: number, 
/**
 * Events that are known to be still missing or not yet applied; `None` where no relay says how many.
 */
remaining: number | null, 
/**
 * Relays that have not handed over everything yet, and can be reached.
 */
relays_open: number, 
/**
 * Where something may be missing; each heals by itself.
 */
gaps: Array<Gap>, 
/**
 * Groups that receive only what cannot be read.
 */
unreadable: Array<Unreadable>, 
/**
 * The computer's clock, where it is wrong.
 */
clock: ClockFault | null, };

export type SystemMessage = { "event": "created" } | { "event": "joined", 
/**
 * Who invited.
 */
by: string, } | { "event": "member_added", 
/**
 * Who did it.
 */
by: string, 
/**
 * Whom it concerns.
 */
who: string, } | { "event": "member_removed", 
/**
 * Who did it.
 */
by: string, 
/**
 * Whom it concerns.
 */
who: string, } | { "event": "member_left", 
/**
 * Who left.
 */
who: string, } | { "event": "admin_added", 
/**
 * Who did it.
 */
by: string, 
/**
 * Whom it concerns.
 */
who: string, } | { "event": "admin_removed", 
/**
 * Who did it.
 */
by: string, 
/**
 * Whom it concerns.
 */
who: string, } | { "event": "renamed", 
/**
 * Who did it.
 */
by: string, 
/**
 * The new name.
 */
name: string, } | { "event": "described", 
/**
 * Who did it.
 */
by: string, } | { "event": "retention_changed", 
/**
 * Who did it.
 */
by: string, 
/**
 * Seconds; 0 is off.
 */
seconds: number, } | { "event": "picture_changed", 
/**
 * Who did it.
 */
by: string, } | { "event": "disbanded", 
/**
 * Who did it.
 */
by: string, } | { "event": "relays_changed", 
/**
 * Who did it.
 */
by: string, } | { "event": "invitation_failed", 
/**
 * Whom it concerns.
 */
who: string, 
/**
 * Why.
 */
cause: Unsent, 
/**
 * Why, as a sentence, in English; may carry words of a relay.
 */
reason: string, } | { "event": "branch_changed", 
/**
 * Who made the change that counts.
 */
by: string, 
/**
 * What decided.
 */
reason: RaceReason, 
/**
 * Messages of others that were withdrawn; their apps send them again.
 */
withdrawn: number, 
/**
 * Own messages that were sent again.
 */
resent: number, } | { "event": "change_failed", 
/**
 * What was wanted.
 */
what: WantedChange, 
/**
 * Why it cannot be made.
 */
cause: ChangeObstacle, 
/**
 * Why, in sentences, in English; may carry words of a relay.
 */
reason: string, };

export type TimelinePage = { 
/**
 * The messages.
 */
messages: Array<MessageView>, 
/**
 * Ask for what is older than this; `None` at the beginning of the conversation.
 */
older: Cursor | null, 
/**
 * Ask for what is newer than this; `None` at the end of the conversation.
 */
newer: Cursor | null, 
/**
 * The first message that was not read when the page was made.
 */
first_unread: number | null, };

export type Unlock = { 
/**
 * The passphrase the vault was sealed with; ignored where the key is in the keychain.
 */
passphrase: SecretText, };

export type Unreadable = { 
/**
 * The chat.
 */
chat: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Events that could not be read since the last one that could.
 */
events: number, 
/**
 * Since when, local clock, Unix seconds.
 */
since: number, 
/**
 * What happened and what to do, in plain words.
 */
words: string, };

export type Unsent = "refused" | "by_user" | "overtaken" | "other_branch" | "left_out" | "ended" | "replaced" | "rejoined" | "too_large";

export type UpdatedBy = "app" | "packages" | "nobody";

export type UpdateFault = "unreachable" | "not_signed" | "not_installed";

export type UpdateProgress = { "at": "unknown" } | { "at": "looking" } | { "at": "newest" } | { "at": "available", 
/**
 * Its version.
 */
version: string, 
/**
 * What is new, as its makers say: plain text.
 */
notes: string | null, } | { "at": "loading", 
/**
 * Its version.
 */
version: string, 
/**
 * What has come, in bytes.
 */
bytes: number, 
/**
 * How much it is, in bytes; `None` where that was not said.
 */
of: number | null, } | { "at": "ready", 
/**
 * Its version.
 */
version: string, } | { "at": "installing", 
/**
 * Its version.
 */
version: string, } | { "at": "failed", 
/**
 * Why.
 */
fault: UpdateFault, };

export type Updates = { 
/**
 * Who brings newer versions.
 */
by: UpdatedBy, 
/**
 * Whether the person agreed that the app looks by itself, once a day.
 */
looks: boolean, 
/**
 * Who would be asked; `None` where nobody is.
 */
host: string | null, 
/**
 * How far a newer version is.
 */
progress: UpdateProgress, };

export type WantedChange = "invite" | "remove" | "rename" | "describe" | "promote" | "demote" | "leave" | "retention" | "picture" | "relays" | "upgrade" | "end";

export type WhoMayAdd = "anyone" | "contacts" | "nobody";
