// Owns the invented people and conversations of the fake backend.
// Never behaves: `fake.ts` does.
import type { ChatRow, GroupDetails, MemberView, MessageState, MessageView, RequestView, SystemMessage } from "./generated";

const letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/** An npub of the right form that belongs to nobody. */
export function fakeNpub(seed: number): string {
  let words = "";
  let value = seed * 2_654_435_761;
  for (let at = 0; at < 58; at += 1) {
    value = (Math.imul(value, 1_103_515_245) + 12_345) >>> 0;
    words += letters.charAt((value >>> 16) % letters.length);
  }
  return `npub1${words}`;
}

function person(seed: number, name: string, is_admin = false, is_me = false): MemberView {
  return { pubkey: seed.toString(16).padStart(2, "0").repeat(32), npub: fakeNpub(seed), name, is_admin, is_me, invitation: null };
}

export const me = person(17, "Ada Brandt", true, true);
export const jonas = person(34, "Jonas Wirth");
export const mara = person(51, "Mara Okafor", true);
export const sami = person(70, "سامي حداد");
/** Waits for an answer to her invitation. */
export const lena = person(85, "Lena Fuchs");
export const people = [me, jonas, mara, sami];

export const RELAYS = ["wss://relay.damus.io", "wss://nos.lol", "wss://relay.primal.net"];

const sent: MessageState = { state: "sent", accepted: 3, relays: 3 };

export interface Line {
  who: MemberView;
  text: string;
  /** Minutes after the line before. */
  after?: number;
  state?: MessageState;
  reply?: number;
  edited?: boolean;
  deleted?: boolean;
  late?: boolean;
  reactions?: [string, number][];
}

const talk: (Line | SystemMessage)[] = [
  { event: "created" },
  { event: "member_added", by: "You", who: jonas.name },
  { event: "member_added", by: "You", who: mara.name },
  { who: me, text: "Hello both, this is the group for the weekend on the lake." },
  { who: jonas, text: "Joined. That was quicker than I feared.", after: 4 },
  { who: mara, text: "Hi! Do we already know which hut it is?", after: 2 },
  { who: me, text: "The small one on the north shore. Six beds, a stove, and a rowing boat that floats on most days.", after: 1, reactions: [["🚣", 2]] },
  { who: me, text: "I have written down what the owner told me:\n– key at the farm, until 19:00\n– firewood is in the shed\n– no signal behind the hill" },
  { who: jonas, text: "No signal behind the hill sounds like a promise.", after: 3 },
  { who: mara, text: "I can bring the big pot and the coffee. Jonas, do you still have the gas cooker?", after: 40 },
  { who: jonas, text: "Yes, and two full cartridges.", after: 6, reply: 9 },
  { event: "admin_added", by: "You", who: mara.name },
  { who: mara, text: "Oh, thank you. I will use my powers wisely.", after: 5 },
  { event: "renamed", by: mara.name, name: "Lake weekend" },
  { who: me, text: "Good name.", after: 1 },
  { who: me, text: "Train or car? The train needs two changes, but nobody has to stay sober.", after: 60 * 14 },
  { who: jonas, text: "Train.", after: 2 },
  { who: mara, text: "Train. Departure 8:12, platform 4, arriving 11:40 if the connection in Steinfeld works out. If it does not, there is a bus an hour later that stops right at the farm.", after: 3, edited: true },
  { who: me, text: "Then 8:12 it is. I will get the tickets for all of us.", after: 2, reply: 17, reactions: [["👍", 2], ["🎫", 1]] },
  { who: jonas, text: "", after: 9, deleted: true },
  { who: jonas, text: "Wrong window, sorry.", after: 1 },
  { who: mara, text: "We saw nothing :)", after: 1 },
  { event: "member_added", by: mara.name, who: sami.name },
  { who: sami, text: "مرحبا! شكراً على الدعوة.", after: 12 },
  { who: sami, text: "I will bring bread from the bakery, and my chess set.", after: 1 },
  { who: me, text: "Welcome, Sami! That makes four, so the boat will be low in the water.", after: 2 },
  { who: jonas, text: "What does the forecast say? I saw something about wind on Saturday.", after: 60 * 20 },
  { who: mara, text: "Wind until noon, then sun. Here is the page of the harbour: https://harbour.example/forecast/north-shore?day=saturday&detail=wind", after: 4 },
  { who: sami, text: "So chess until noon.", after: 1, reactions: [["♟️", 3]] },
  { who: me, text: "I have the tickets. Seats 41 to 44, together at a table.", after: 25, state: sent },
  { who: jonas, text: "Perfect. I owe you.", after: 2 },
  { who: mara, text: "Me too. Shall we split the food money afterwards, or does somebody keep a list?", after: 1 },
  { who: sami, text: "I keep the list. I like lists.", after: 1 },
  { who: me, text: "Then please put down the tickets: 4 × 31.", after: 3, state: { state: "sent", accepted: 2, relays: 3 } },
  { who: jonas, text: "<b>Noted</b> & underlined.", after: 2 },
  { who: mara, text: "See you on platform 4 tomorrow. Bring a jumper!", after: 8 },
];

const text = (line: Line | undefined): string => (line?.text ?? "").split("\n")[0] ?? "";

function minutesOf(line: Line | SystemMessage): number {
  return "who" in line && "text" in line ? (line.after ?? 0) : 1;
}

/** The talk as messages, the last one two minutes before `now`. */
export function talkMessages(chat: string, now: number): MessageView[] {
  const total = talk.reduce((sum, line) => sum + minutesOf(line), 0);
  let at = now - 120 - total * 60;
  return talk.map((line, index) => {
    at += minutesOf(line) * 60;
    const id = index + 1;
    const cursor = { at, tie: 0, seq: id };
    if (!("text" in line)) {
      return {
        id, cursor, chat, at, received_at: at, sender: me.pubkey, sender_name: me.name, mine: false,
        kind: { type: "system", event: line }, state: { state: "received" }, mentions_me: false, hidden: false,
      };
    }
    const mine = line.who.is_me;
    const target = line.reply === undefined ? undefined : talk[line.reply];
    return {
      id, cursor, chat, at, mine,
      received_at: line.late === true ? now : at,
      sender: line.who.pubkey,
      sender_name: line.who.name,
      kind: {
        type: "text",
        text: line.text,
        edited: line.edited ?? false,
        deleted: line.deleted ?? false,
        reply_to: line.reply === undefined ? null : line.reply + 1,
        quote: target !== undefined && "text" in target ? { type: "text", text: text(target) } : null,
        reactions: (line.reactions ?? []).map(([emoji, count]) => ({ emoji, count, mine: false, people: ["Ada Brandt"] })),
        mentions: [],
      },
      state: mine ? (line.state ?? sent) : { state: "received" },
      mentions_me: false,
      hidden: false,
    };
  });
}

export function groupOf(id: string, name: string, description: string, members: MemberView[]): GroupDetails {
  return { id, name, description, state: "active", epoch: 7, relays: RELAYS, members, i_am_admin: true, retention: 0, avatar: null };
}

export function rowOf(group: GroupDetails, messages: MessageView[], unread: number): ChatRow {
  const last = messages.findLast((message) => message.kind.type === "text" && !message.kind.deleted);
  return {
    id: group.id,
    name: group.name === "" ? group.members.filter((one) => !one.is_me).map((one) => one.name).join(", ") : group.name,
    state: group.state,
    preview: last?.kind.type === "text" ? { type: "text", text: last.kind.text.split("\n")[0] ?? "" } : null,
    preview_sender: last === undefined ? "" : last.mine ? "You" : last.sender_name,
    last_activity: messages.at(-1)?.at ?? 0,
    unread,
    mentions: 0,
    marked_unread: false,
    draft: "",
    pinned: null,
    archived: false,
    muted: null,
    direct: group.name === "" && group.members.length === 2 ? (group.members.find((one) => !one.is_me)?.pubkey ?? null) : null,
    failed: messages.filter((message) => message.state.state === "failed").length,
    members: group.members.length,
  };
}

export function requestOf(now: number): RequestView {
  return {
    id: "request-1",
    group_name: "Choir, second voices",
    description: "Rehearsals, sheet music, who brings the cake.",
    inviter: lena.pubkey,
    inviter_npub: lena.npub,
    inviter_name: lena.name,
    members: 11,
    people: [lena, mara].map((one) => ({ npub: one.npub, name: one.name, is_contact: one === mara })),
    known: 1,
    direct: false,
    received_at: now - 1_800,
    problem: null,
  };
}
