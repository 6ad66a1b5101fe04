// Owns how the messages of the fake backend change.
// Never keeps or announces one.
import { me } from "./fake-data";
import type { Mention, MessageView } from "./generated";

interface Plain {
  id: number;
  chat: string;
  sender: string;
  sender_name: string;
  text: string;
  at: number;
  mine: boolean;
}

/** A text that nobody has said anything about yet; own ones are on all relays. */
export function textOf({ text, ...plain }: Plain): MessageView {
  return {
    ...plain,
    cursor: { at: plain.at, tie: 0, seq: plain.id },
    received_at: plain.at,
    mentions_me: false,
    hidden: false,
    state: plain.mine ? { state: "sent", accepted: 3, relays: 3 } : { state: "received" },
    kind: { type: "text", text, edited: false, deleted: false, reply_to: null, quote: null, reactions: [], mentions: [] },
  };
}

export function withReaction(message: MessageView, emoji: string): MessageView {
  if (message.kind.type !== "text") return message;
  const known = message.kind.reactions.find((one) => one.emoji === emoji);
  const others = message.kind.reactions.filter((one) => one !== known);
  const people = [...(known?.people ?? []).filter((name) => name !== "You"), "You"];
  const reactions = [...others, { emoji, count: (known?.count ?? 0) + (known?.mine ? 0 : 1), mine: true, people }];
  return { ...message, kind: { ...message.kind, reactions } };
}

export function withoutReaction(message: MessageView, emoji: string): MessageView {
  if (message.kind.type !== "text") return message;
  const reactions = message.kind.reactions
    .map((one) => (one.emoji === emoji && one.mine ? { ...one, count: one.count - 1, mine: false, people: one.people.filter((name) => name !== "You") } : one))
    .filter((one) => one.count > 0);
  return { ...message, kind: { ...message.kind, reactions } };
}

export function withText(message: MessageView, text: string, members: { npub: string; name: string }[]): MessageView {
  if (message.kind.type !== "text") return message;
  return { ...message, kind: { ...message.kind, text, edited: true, mentions: mentionsOf(text, members) } };
}

export function withoutText(message: MessageView): MessageView {
  if (message.kind.type !== "text") return message;
  return { ...message, kind: { ...message.kind, text: "", deleted: true, edited: false, reactions: [], mentions: [] } };
}

/** Whom a text of the fake names. */
export function mentionsOf(text: string, people: { npub: string; name: string }[]): Mention[] {
  return people
    .filter((one) => text.includes(`nostr:${one.npub}`))
    .map((one) => ({ npub: one.npub, name: one.name, is_me: one.npub === me.npub }));
}
