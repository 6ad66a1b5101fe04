// Owns the states of the parts that the components page shows, with invented people in them.
// Never part of the bundle that ships.
import type { ChatRow, GroupDetails, MemberView, MessageKind, MessageState, MessageView, NetworkState, RequestView, SetupStep, SystemMessage } from "../ipc";
import { groupOf, jonas, lena, mara, me, RELAYS, requestOf, rowOf, sami } from "../ipc/fake-data";
import { textOf } from "../ipc/fake-messages";
import type { News } from "../state/updates.svelte";

export { updateStates as updates } from "../ipc/fake-updates";

type Text = MessageKind & { type: "text" };
type Shown = { message: MessageView; kind: Text; late?: boolean; lit?: boolean; found?: string };

/** The present of everything here. */
export const AT = 1_790_000_000;
const CHAT = "a1".repeat(16);
let id = 500_000;

function message(who: MemberView, text: string, kind: Partial<Text> = {}, more: Partial<MessageView> = {}, row: Partial<Shown> = {}): Shown {
  id += 1;
  const plain = textOf({ id, chat: CHAT, sender: who.pubkey, sender_name: who.name, text, at: AT, mine: who.is_me });
  const whole: Text = { ...(plain.kind as Text), ...kind };
  return { message: { ...plain, ...more, kind: whole }, kind: whole, ...row };
}

const own = (text: string, state: MessageState) => message(me, text, {}, { state });

export const messages: Record<string, Shown> = {
  received: message(jonas, "Joined. That was quicker than I feared."),
  queued: own("Waits for a relay", { state: "queued" }),
  "sent to all": own("All relays have it", { state: "sent", accepted: 3, relays: 3 }),
  "sent to some": own("Some relays have it", { state: "sent", accepted: 1, relays: 3 }),
  failed: own("No relay took it", { state: "failed", cause: "refused", reason: "Every relay refused it." }),
  edited: message(mara, "Train. Departure 8:12.", { edited: true }),
  deleted: message(jonas, "", { deleted: true }),
  late: message(sami, "I was behind the hill.", {}, { received_at: AT + 7_200 }, { late: true }),
  "of somebody blocked": message(lena, "Nobody sees this at first", {}, { hidden: true }),
  "with a quote": message(jonas, "Yes, and two full cartridges.", { reply_to: 10, quote: { type: "text", text: "Jonas, do you still have the gas cooker?" } }),
  "with a quote that is not here": message(jonas, "As I said.", { reply_to: null, quote: null }),
  "with emoji": message(me, "I have the tickets.", { reactions: [{ emoji: "👍", count: 3, mine: true, people: ["You", "Jonas Wirth"] }, { emoji: "🎫", count: 1, mine: false, people: ["Mara Okafor"] }] }),
  "gone to": message(mara, "Here it is", {}, {}, { lit: true }),
  "with what is searched": message(mara, "The train needs two changes.", {}, {}, { found: "train" }),
  "naming me": message(mara, `nostr:${me.npub} can you bring the map?`, { mentions: [{ npub: me.npub, name: me.name, is_me: true }] }, { mentions_me: true }),
  "with marks": message(mara, "**Bold**, _slanted_, ~~gone~~, `code`\n\n> a quote\n\n- one\n- two\n\n1. first\n2. second"),
  "with code": message(jonas, "```rust\nfn main() {\n    println!(\"hello\");\n}\n```"),
  "with links": message(mara, "https://harbour.example/forecast/north-shore and [the page](https://harbour.example/), but not http://plain.example/"),
  "from right to left": message(sami, "مرحبا! شكراً على الدعوة."),
  "one long word": message(jonas, "a".repeat(180)),
  "markup as text": message(jonas, '<img src=x onerror="alert(1)"> <b>not bold</b> &amp;'),
  "emoji alone": message(mara, "🎉"),
};

export const systemRows: SystemMessage[] = [
  { event: "created" },
  { event: "joined", by: jonas.name },
  { event: "member_added", by: "You", who: jonas.name },
  { event: "member_removed", by: mara.name, who: lena.name },
  { event: "member_left", who: lena.name },
  { event: "admin_added", by: "You", who: mara.name },
  { event: "admin_removed", by: "You", who: mara.name },
  { event: "renamed", by: mara.name, name: "Lake weekend" },
  { event: "described", by: mara.name },
  { event: "retention_changed", by: "You", seconds: 604_800 },
  { event: "retention_changed", by: "You", seconds: 0 },
  { event: "picture_changed", by: "You" },
  { event: "relays_changed", by: "You" },
  { event: "disbanded", by: "You" },
  { event: "invitation_failed", who: lena.name, cause: "refused", reason: "Every relay refused it." },
];

export const lake: GroupDetails = groupOf(CHAT, "Lake weekend", "Who brings what.", [me, jonas, mara, sami]);
const row: ChatRow = { ...rowOf(lake, [message(mara, "See you on platform 4 tomorrow.").message], 0), last_activity: AT };

export const chats: Record<string, ChatRow> = {
  usual: row,
  unread: { ...row, unread: 3 },
  "many unread": { ...row, unread: 2_300 },
  mentioned: { ...row, unread: 3, mentions: 1 },
  "marked as unread": { ...row, marked_unread: true },
  "muted for ever": { ...row, muted: { until: null }, unread: 3 },
  pinned: { ...row, pinned: 1 },
  draft: { ...row, draft: "I could bring the…" },
  "not sent": { ...row, failed: 1 },
  left: { ...row, state: "left" },
  removed: { ...row, state: "removed" },
  ended: { ...row, state: "ended" },
  "long name": { ...row, name: "The very long name of a group that nobody will ever read to its end" },
  "from right to left": { ...row, name: "رحلة البحيرة", preview: { type: "text", text: "هل نلتقي يوم الخميس؟" }, preview_sender: sami.name },
  "nothing written": { ...row, preview: null, preview_sender: "" },
  "newest deleted": { ...row, preview: { type: "deleted" } },
  "newest of somebody blocked": { ...row, preview: { type: "hidden" }, preview_sender: "" },
  "something happened": { ...row, preview: { type: "system", event: { event: "member_added", by: "You", who: sami.name } }, preview_sender: "" },
};

export const requests: Record<string, RequestView> = {
  "to a group": requestOf(AT),
  "of two": { ...requestOf(AT), id: "two", direct: true, members: 2, people: [], description: "", known: 0 },
  "that cannot be accepted": { ...requestOf(AT), id: "problem", problem: "This group asks for something that Murmel does not have yet." },
};

const steps = (...states: SetupStep["state"][]): SetupStep[] =>
  (["look_up", "relay_lists", "key_package"] as const).map((name, at) => ({ name, state: states[at] ?? "waiting", code: states[at] === "failed" ? ("offline" as const) : null, detail: states[at] === "failed" ? "No relay answered." : "" }));
export const setups: Record<string, SetupStep[]> = { running: steps("done", "running"), failed: steps("done", "failed"), done: steps("done", "done", "done") };

const relays = (...connected: boolean[]): NetworkState["relays"] => connected.map((one, at) => ({ url: RELAYS[at] ?? "", connected: one, own: true }));
export const networks: Record<string, NetworkState> = {
  connected: { relays: relays(true, true, true), outbox: 0, catching_up: false },
  "to some": { relays: relays(true, false, true), outbox: 2, catching_up: false },
  "catching up": { relays: relays(true, true, true), outbox: 0, catching_up: true },
  offline: { relays: relays(false, false), outbox: 4, catching_up: false },
  "without relays": { relays: [], outbox: 0, catching_up: false },
};

export const members: Record<string, MemberView> = {
  me,
  admin: { ...mara, is_admin: true },
  usual: jonas,
  "invitation waits": { ...lena, invitation: { state: "waiting" } },
  "invitation sent": { ...lena, invitation: { state: "sent", accepted: 2, relays: 3 } },
  "invitation failed": { ...lena, invitation: { state: "failed", cause: "refused", reason: "Every relay refused it." } },
};

export const news: Record<string, News> = {
  "is there": { at: "available", version: "0.9.0", notes: null },
  "is ready": { at: "ready", version: "10.20.30-beta.12" },
};
