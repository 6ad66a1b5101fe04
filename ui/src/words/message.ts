// Owns the words for messages: their state, system rows, what relays said.
// Never formats anything that depends on the current time.
import type { Delivery, DeliveryAnswer, Excerpt, GroupState, Mention, MessageState, Reaction, SystemMessage } from "../ipc";
import { name, type Piece, whoOf } from "./pieces";
import { obstacleWords, say, unsentWords } from "./say.svelte";

/** The state of an own message; empty for those of others. */
export function stateWords(state: MessageState): string {
  switch (state.state) {
    case "received":
      return "";
    case "queued":
      return say.message.queued;
    case "sent":
      return say.message.sent(state.accepted, state.relays);
    case "failed":
      return say.message.failed(unsentWords(state));
  }
}

/** A system row, in pieces that follow each other. */
export function systemWords(event: SystemMessage): Piece[] {
  const words = say.system;
  switch (event.event) {
    case "created":
      return [{ text: words.created }];
    case "joined":
    case "described":
    case "picture_changed":
    case "disbanded":
    case "relays_changed":
      return words[event.event](whoOf(event.by));
    case "member_added":
    case "member_removed":
    case "admin_added":
    case "admin_removed":
      return words[event.event](whoOf(event.by), whoOf(event.who));
    case "member_left":
      return words.member_left(whoOf(event.who));
    case "renamed":
      return words.renamed(whoOf(event.by), name(event.name));
    case "retention_changed":
      return event.seconds === 0 ? words.retention_off(whoOf(event.by)) : words.retention_on(whoOf(event.by), durationWords(event.seconds));
    case "invitation_failed":
      return words.invitation_failed(whoOf(event.who), name(unsentWords(event)));
    case "branch_changed":
      return words.branch_changed(whoOf(event.by), words.why[event.reason], countedWords(event.withdrawn, event.resent));
    case "change_failed":
      return words.change_failed(words.wanted[event.what], obstacleWords(event));
  }
}

function countedWords(withdrawn: number, resent: number): string {
  return (withdrawn === 0 ? "" : say.system.withdrawn(withdrawn)) + (resent === 0 ? "" : say.system.resent(resent));
}

export function systemText(event: SystemMessage): string {
  return plain(systemWords(event));
}

/** A message on one line. */
export function excerptWords(excerpt: Excerpt): string {
  switch (excerpt.type) {
    case "text":
      return excerpt.text;
    case "deleted":
      return say.message.deleted;
    case "hidden":
      return say.message.hidden;
    case "system":
      return systemText(excerpt.event);
  }
}

/** A sentence without its marks. */
export function plain(pieces: Piece[]): string {
  return pieces.map((piece) => ("name" in piece ? piece.name : piece.text)).join("");
}

/** The text of a message, with the people whom it names as pieces of their own. */
export function textPieces(words: string, mentions: Mention[]): Piece[] {
  const pieces: Piece[] = [];
  let rest = words;
  while (rest !== "") {
    const next = mentions
      .map((mention) => ({ mention, key: `nostr:${mention.npub}`, at: rest.indexOf(`nostr:${mention.npub}`) }))
      .filter(({ at }) => at >= 0)
      .sort((a, b) => a.at - b.at)[0];
    if (next === undefined) {
      pieces.push({ text: rest });
      break;
    }
    if (next.at > 0) pieces.push({ text: rest.slice(0, next.at) });
    pieces.push(name(next.mention.name));
    rest = rest.slice(next.at + next.key.length);
  }
  return pieces;
}

/** A span of seconds in the largest unit that divides it. */
export function durationWords(seconds: number): string {
  const units = [
    [604_800, "week"],
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
  ] as const;
  for (const [size, unit] of units) {
    if (seconds >= size && seconds % size === 0) return say.spans[unit](seconds / size);
  }
  return say.spans.second(seconds);
}

export function answerWords(answer: DeliveryAnswer): string {
  return say.delivery.answers[answer];
}

export function attemptWords(delivery: Delivery): string {
  return delivery.attempts === 0 ? "" : say.delivery.attempts(delivery.attempts);
}

/** Why nothing can be written in a group; `null` where it can. */
export function closedWords(state: GroupState): string | null {
  return say.conversation.closed[state];
}

/** Who chose an emoji: `You, Ada Brandt and 3 others`. */
export function reactionWords(reaction: Reaction): string {
  const others = reaction.count - reaction.people.length;
  const named = reaction.people.map((one) => (one === "You" ? say.common.you : one)).join(", ");
  return others > 0 ? say.message.andOthers(named, others) : named;
}
