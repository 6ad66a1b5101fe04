// Owns every sentence of the window in English. The other languages have the same keys, or they do not compile.
// Never holds anything but words. Longer than other files, because a table is read by its keys.
import type { DeliveryAnswer, ErrorCode, GroupState, RaceReason, SetupName, StepState } from "../ipc";
import { counting, line, name, type Piece, type Who } from "./pieces";

const of = counting("en");
const by = (who: Who): Piece => (who === "you" ? { text: "You" } : name(who.name));
const whom = (who: Who): Piece => (who === "you" ? { text: "you" } : name(who.name));

export const en = {
  common: {
    cancel: "Cancel",
    close: "Close",
    remove: "Remove",
    add: "Add",
    save: "Save",
    saving: "Saving…",
    retry: "Retry",
    tryAgain: "Try again",
    dismiss: "Dismiss",
    ok: "OK",
    copy: "Copy",
    copied: "Copied",
    show: "Show",
    hide: "Hide",
    you: "You",
    members: (n: number) => of(n, { one: "# member", other: "# members" }),
    people: (n: number) => of(n, { one: "# person", other: "# people" }),
    messages: (n: number) => of(n, { one: "# message", other: "# messages" }),
    relays: (n: number) => of(n, { one: "# relay", other: "# relays" }),
  },

  app: {
    ownWindow: "Murmel runs in its own window",
    ownWindowHow: "Start the app instead of opening this page in a browser.",
    couldNotStart: "Murmel could not start",
    outOfDate: (reason: string) => `What you see may be out of date. ${reason}`,
    inside: "Something went wrong inside Murmel. Try again.",
  },

  firstRun: {
    about: "Private group chat. What you write is encrypted on this computer and can only be read by the people in the group.",
    ways: "How to begin",
    newWay: "New identity",
    existingWay: "I have a key",
    name: "Your name (optional)",
    nameHint: "For now, only you see it",
    makes: "Murmel makes a Nostr key for you. No phone number, no e-mail address.",
    inKeychain: "The secret key is kept in the keychain of this computer.",
    create: "Create identity",
    creating: "Creating…",
    use: "Use this identity",
    opening: "Opening…",
    try: "Try it on this computer",
    tryLabel: "Try it",
    starting: "Starting…",
    tryAbout: "A companion answers what you write. Nothing leaves this computer, and you can remove it all with one click.",
  },

  key: {
    secret: "Your secret key",
    forms: "nsec1…, ncryptsec1… or 64 hex digits",
    password: "Password of this key",
    willBeInKeychain: "The secret key will be kept in the keychain of this computer.",
    willBeInFile: "The secret key will be kept in a file that your passphrase seals.",
    checking: "Checking…",
    encrypted: "This key is encrypted. Type the password it was encrypted with.",
    stays: "It stays on this computer and is never shown again.",
    ownIsTry: "This key is only for the try: it is kept in memory and gone when you remove the try or close Murmel.",
    ownInKeychain: "Give this to people so that they can invite you. Your secret key is kept in the keychain of this computer.",
    ownInFile: "Give this to people so that they can invite you. Your secret key is kept in a file that your passphrase seals.",
  },

  passphrase: {
    title: "A passphrase for this computer",
    why: "This computer has no keychain, so your key is kept in a file that a passphrase seals. Murmel asks for it at each start. Nobody can recover it for you.",
    first: "Passphrase",
    second: "The same again",
    short: (least: number) => of(least, { one: "Use at least # character.", other: "Use at least # characters." }),
    differ: "The two passphrases are not the same.",
  },

  locked: {
    title: "Welcome back",
    why: "This computer has no keychain, so your key is kept in a file that your passphrase seals.",
    passphraseFor: (npub: string) => `Passphrase for ${npub}`,
    open: "Open",
    opening: "Opening…",
  },

  unavailable: {
    closed: "Your keychain is closed",
    missing: "The key to your messages is missing",
    safe: "Your messages are still on this computer, encrypted, and nothing has been changed. They belong to",
  },

  list: {
    label: "Chats",
    none: "Your groups will be listed here.",
    settings: "Settings",
    newGroup: "New group",
    width: "Width of the chat list",
    unread: (n: number) => of(n, { one: "# unread", other: "# unread" }),
    notSent: (n: number) => of(n, { one: "# message not sent", other: "# messages not sent" }),
    oneNotSent: "A message was not sent",
    states: { leaving: "Leaving…", left: "You left", removed: "You were removed", stranded: "Cannot be followed", ended: "Ended" },
  },

  requests: {
    title: "Invitations",
    nameless: "A group without a name",
    invites: (who: Piece) => line`${who} invites you`,
    accept: "Accept",
    joining: "Joining…",
    decline: "Decline",
  },

  setup: {
    title: "Setting up the network",
    retry: "Retry now",
    steps: {
      look_up: "Look up what this identity has published",
      relay_lists: "Publish where people reach you",
      key_package: "Publish what others need to invite you",
    } satisfies Record<SetupName, string>,
    states: { waiting: "waiting", running: "under way", done: "done", failed: "failed" } satisfies Record<StepState, string>,
  },

  network: {
    none: "No relays yet",
    offline: "Offline. Messages wait here until a relay answers",
    catchingUp: "Fetching what you missed…",
    all: "Connected",
    some: (connected: number, relays: number) => of(relays, { one: `Connected to ${connected} of # relay`, other: `Connected to ${connected} of # relays` }),
    connected: "connected",
    notConnected: "not connected",
    waiting: (n: number) => of(n, { one: "# message waiting", other: "# messages waiting" }),
  },

  empty: {
    ready: "Your identity is ready",
    hello: (who: Piece) => line`Hello, ${who}`,
    start: "Start a group with people whose npub you have, or give them yours, so that they can invite you.",
    choose: "Choose a conversation",
    keys: (jump: string, group: string) => `${jump} jumps to any chat, ${group} starts a new group.`,
  },

  tryIt: {
    label: "This is a try",
    what: "This is a try.",
    where: "The companion and its relay run on this computer; nothing leaves it.",
    remove: "Remove…",
    removeTitle: "Remove the try?",
    removeWhat: "The conversation, both keys and the relay’s data are deleted from this computer. Afterwards you can create an identity or use your own.",
  },

  otherClients: {
    label: "Other apps",
    what: "Other apps use this identity too. New invitations go to whichever app published last. What the others have published was left alone.",
  },

  group: {
    details: "Group details",
    detailsOf: (chat: string) => `Group details of ${chat}`,
    closeDetails: "Close the details",
    addDescription: "Add a description",
    addName: "Add a name",
    changeName: "Change the name",
    changeDescription: "Change the description",
    nameField: "The group’s name",
    descriptionField: "The group’s description",
    technical: "Technical",
    epoch: "Epoch",
    relays: "Relays",
    id: "Group",
    you: "(you)",
    admin: "Admin",
    makeAdmin: "Make admin",
    takeAdmin: "Take admin rights",
    remove: "Remove…",
    removeTitle: "Remove from the group?",
    removeWhat: (who: Piece) => line`${who} will not be able to read what is written from now on. What was already received stays with them.`,
    invite: "Invite",
    invitePeople: "Invite people",
    inviting: "Inviting…",
    notInvited: (n: number) => of(n, { one: "One person could not be invited:", other: "# people could not be invited:" }),
    leave: "Leave group…",
    leaveTitle: "Leave this group?",
    leaveAction: "Leave",
    leaveWhat: "You will get no more messages from it, and only an admin can invite you again. What was written until now stays on this computer.",
    lastAdmin: "Appoint another admin first",
    lastAdminWhy: "You are the only admin. Without one, nobody could invite or remove people any more. Open another member in the list and choose “Make admin”, then leave.",
  },

  people: {
    chosen: "Chosen people",
    forms: "npub1…, nprofile1… or 64 hex digits",
    remove: (who: string) => `Remove ${who}`,
    isYou: "This is you. You are in the group anyway.",
    inList: (who: string) => `${who} is in the list already.`,
    inGroup: (who: string) => `${who} is in this group already.`,
  },

  newGroup: {
    title: "New group",
    there: "The group is there",
    name: "Name",
    description: "Description (optional)",
    people: "People",
    later: "You can invite more people later. Everyone in the group sees its name and description; relays do not.",
    busy: "Fetching what each person has published, and sending the invitations…",
    create: "Create group",
    creating: "Creating…",
    open: "Open the group",
  },

  settings: {
    title: "Settings",
    identity: "Identity",
    appearance: "Appearance",
    themes: { system: "System", light: "Light", dark: "Dark" },
    language: "Language",
    languageSystem: "As the system",
    notifications: "Notifications",
    notificationText: "Show who wrote and what",
    notificationTextHint: "Otherwise a notification only says that there is a new message.",
    version: (version: string) => `Murmel ${version}`,
  },

  relays: {
    title: "Relays",
    about: "Relays carry the encrypted messages. New groups use these; one that answers is enough.",
    address: "Address of a relay",
    remove: (url: string) => `Remove ${url}`,
    atLeastOne: "At least one relay is needed",
    noAddress: "This is not the address of a relay. It looks like wss://relay.example.",
    inList: "This relay is in the list already.",
    others: "Used by groups and people you write to, not part of your list:",
  },

  jump: {
    title: "Jump to a chat",
    field: "Name of the chat",
    list: "Chats",
    none: "No chat has this in its name.",
  },

  conversation: {
    label: "Conversation",
    back: "Back to the list",
    closed: {
      active: null,
      leaving: "You are leaving this group. Nothing more is sent; another member’s app has to confirm it.",
      left: "You left this group. What was written stays here for you to read.",
      stranded: "This device cannot follow the group any more. Ask an admin to remove you and to invite you again; what was written stays here.",
      ended: "An admin ended this group for everybody. What was written stays here for you to read.",
      removed: "An admin removed you from this group. What was written stays here for you to read.",
    } satisfies Record<GroupState, string | null> as Record<GroupState, string | null>,
  },

  timeline: {
    label: "Messages",
    start: "This is the beginning. Messages are encrypted from one member’s computer to the others’.",
    unread: (n: number) => (n === 0 ? "New messages" : of(n, { one: "# new message", other: "# new messages" })),
    newest: "Jump to the newest message",
    announce: (who: string, text: string) => `${who}: ${text}`,
    today: "Today",
    yesterday: "Yesterday",
  },

  message: {
    deleted: "This message was deleted",
    edited: "edited",
    reply: "Reply",
    reactions: "Reactions",
    notHere: "A message that is not here",
    earlier: "An earlier message",
    queued: "Queued",
    sent: (accepted: number, relays: number) => of(relays, { one: `Sent to ${accepted} of # relay`, other: `Sent to ${accepted} of # relays` }),
    failed: (reason: string) => `Not sent: ${reason}`,
    showRelays: (state: string) => `${state}. Show what each relay said`,
    andOthers: (named: string, n: number) => `${named} and ${of(n, { one: "# other", other: "# others" })}`,
  },

  delivery: {
    title: "What the relays said",
    none: "No relay was asked yet.",
    about: "One relay is enough for the others to get the message. Relays only see encrypted bytes.",
    attempts: (n: number) => of(n, { one: "# attempt", other: "# attempts" }),
    answers: {
      waiting: "Not tried yet",
      accepted: "Accepted",
      refused: "Refused",
      timed_out: "No answer in time",
      unreachable: "Could not be reached",
    } satisfies Record<DeliveryAnswer, string>,
  },

  composer: {
    placeholder: "Write a message",
    label: "Message",
    send: "Send",
    cancelReply: "Do not reply",
  },

  system: {
    created: "You created this group",
    joined: (a: Who) => line`${by(a)} invited you, and you joined`,
    member_added: (a: Who, b: Who) => line`${by(a)} added ${whom(b)}`,
    member_removed: (a: Who, b: Who) => line`${by(a)} removed ${whom(b)}`,
    member_left: (a: Who) => line`${by(a)} left`,
    admin_added: (a: Who, b: Who) => line`${by(a)} made ${whom(b)} an admin`,
    admin_removed: (a: Who, b: Who) => line`${by(a)} took admin rights from ${whom(b)}`,
    renamed: (a: Who, title: Piece) => line`${by(a)} named the group “${title}”`,
    described: (a: Who) => line`${by(a)} changed the description`,
    retention_off: (a: Who) => line`${by(a)} turned disappearing messages off`,
    retention_on: (a: Who, span: string) => line`${by(a)} set messages to disappear after ${span}`,
    picture_changed: (a: Who) => line`${by(a)} changed the picture`,
    disbanded: (a: Who) => line`${by(a)} ended the group for everybody`,
    relays_changed: (a: Who) => line`${by(a)} moved the group to other relays`,
    invitation_failed: (b: Who, reason: Piece) => line`The invitation to ${whom(b)} could not be delivered: ${reason}`,
    branch_changed: (a: Who, why: string, counted: string) => line`Changes were made at the same time. The one by ${whom(a)} counts${why}.${counted}`,
    why: {
      longer: ", because more changes followed it",
      witnessed: ", because more people had written after it",
      more_witnesses: ", because more people had written after it",
      privileged: ", because it changes the group and the other only keys",
      lower_account: " by a rule that is the same for everybody",
      lower_digest: " by a rule that is the same for everybody",
    } satisfies Record<RaceReason, string>,
    withdrawn: (n: number) => of(n, { one: " # message of others is taken back until sent again.", other: " # messages of others are taken back until sent again." }),
    resent: (n: number) => of(n, { one: " # message of yours was sent again.", other: " # messages of yours were sent again." }),
    change_failed: (what: string, reason: string) => line`You wanted to ${what}; that was not possible: ${reason}`,
  },

  spans: {
    week: (n: number) => of(n, { one: "# week", other: "# weeks" }),
    day: (n: number) => of(n, { one: "# day", other: "# days" }),
    hour: (n: number) => of(n, { one: "# hour", other: "# hours" }),
    minute: (n: number) => of(n, { one: "# minute", other: "# minutes" }),
    second: (n: number) => of(n, { one: "# second", other: "# seconds" }),
  },

  /** Said instead of the backend's own sentence, which is English and more exact, in every other language. */
  errors: {
    invalid_key: "This is not a Nostr secret key. It starts with nsec1 or ncryptsec1, or has 64 hex digits.",
    wrong_password: "That is not the right password. Check it and try again.",
    password_needed: "This key is encrypted. Type the password it was encrypted with.",
    keychain_missing: "This computer has no keychain. Choose a passphrase instead.",
    keychain_locked: "The keychain of this computer is locked. Unlock it, then try again.",
    key_missing: "The key to your messages is missing from the keychain. Your messages are still there, encrypted.",
    no_account: "No account is open.",
    account_exists: "This account is on this computer already.",
    already_running: "Murmel is open already, with the same data. Use that window.",
    not_found: "That is not here any more.",
    invalid_person: "This is not an npub, an nprofile or a public key of 64 hex digits.",
    no_key_package: "This person cannot be invited yet: no app of theirs for this kind of group was found.",
    not_admin: "Only an admin can do this.",
    last_admin: "You are the only admin. Appoint another one first.",
    group_inactive: "You are not in this group any more.",
    busy: "Another change is under way. Try again in a moment.",
    too_large: "That is longer than what can be sent. Shorten it and try again.",
    invalid_input: "That cannot be used. Check what you typed.",
    offline: "No relay could be reached. Check the connection, then try again.",
    relay_refused: "The relays refused it.",
    disk_full: "The disk is full. Make room, then try again.",
    storage: "The data on this computer could not be read or written. Try again.",
    internal: "Something went wrong inside Murmel. Try again.",
  } satisfies Partial<Record<ErrorCode, string>> as Partial<Record<ErrorCode, string>>,
};

/** What every language says. */
export type Words = typeof en;
