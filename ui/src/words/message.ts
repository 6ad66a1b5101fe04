// Owns the words for messages: their state, system rows, what relays said.
// Never formats anything that depends on the current time.
import type { Delivery, DeliveryAnswer, GroupState, Mention, MessageState, RaceReason, Reaction, SystemMessage } from "../ipc";

/** The state of an own message; empty for those of others. */
export function stateWords(state: MessageState): string {
  switch (state.state) {
    case "received":
      return "";
    case "queued":
      return "Queued";
    case "sent":
      return `Sent to ${state.accepted} of ${state.relays} ${state.relays === 1 ? "relay" : "relays"}`;
    case "failed":
      return `Not sent: ${state.reason}`;
  }
}

/** Chat names and people's names are kept apart, so that the row can isolate them from the words around them. */
export type Piece = { name: string } | { text: string };

function name(value: string): Piece {
  return { name: value };
}

function text(value: string): Piece {
  return { text: value };
}

function isYou(value: string): boolean {
  return value === "You";
}

function object(who: string): Piece {
  return isYou(who) ? text("you") : name(who);
}

/** A system row, in pieces that follow each other. */
export function systemWords(event: SystemMessage): Piece[] {
  switch (event.event) {
    case "created":
      return [text("You created this group")];
    case "joined":
      return [name(event.by), text(" invited you, and you joined")];
    case "member_added":
      return [name(event.by), text(" added "), object(event.who)];
    case "member_removed":
      return [name(event.by), text(" removed "), object(event.who)];
    case "member_left":
      return [name(event.who), text(" left")];
    case "admin_added":
      return [name(event.by), text(" made "), object(event.who), text(" an admin")];
    case "admin_removed":
      return [name(event.by), text(" took admin rights from "), object(event.who)];
    case "renamed":
      return [name(event.by), text(" named the group “"), name(event.name), text("”")];
    case "described":
      return [name(event.by), text(" changed the description")];
    case "retention_changed":
      return event.seconds === 0
        ? [name(event.by), text(" turned disappearing messages off")]
        : [name(event.by), text(` set messages to disappear after ${durationWords(event.seconds)}`)];
    case "picture_changed":
      return [name(event.by), text(" changed the picture")];
    case "disbanded":
      return [name(event.by), text(" ended the group for everybody")];
    case "relays_changed":
      return [name(event.by), text(" moved the group to other relays")];
    case "invitation_failed":
      return [text("The invitation to "), object(event.who), text(" could not be delivered: "), name(event.reason)];
    case "branch_changed":
      return [
        text("Changes were made at the same time. The one by "),
        name(event.by),
        text(` counts${raceWords(event.reason)}.${countedWords(event.withdrawn, event.resent)}`),
      ];
    case "change_failed":
      return [text(`You wanted to ${event.what}; that was not possible: ${event.reason}`)];
  }
}

/** Why one of two changes counts: the rule is the same for everybody, so that all end in the same group. */
function raceWords(reason: RaceReason): string {
  switch (reason) {
    case "longer":
      return ", because more changes followed it";
    case "witnessed":
    case "more_witnesses":
      return ", because more people had written after it";
    case "privileged":
      return ", because it changes the group and the other only keys";
    case "lower_account":
    case "lower_digest":
      return " by a rule that is the same for everybody";
  }
}

function countedWords(withdrawn: number, resent: number): string {
  const others = withdrawn === 0 ? "" : ` ${count(withdrawn, "message")} of others ${withdrawn === 1 ? "is" : "are"} taken back until sent again.`;
  const own = resent === 0 ? "" : ` ${count(resent, "message")} of yours ${resent === 1 ? "was" : "were"} sent again.`;
  return others + own;
}

export function systemText(event: SystemMessage): string {
  return systemWords(event)
    .map((piece) => ("name" in piece ? piece.name : piece.text))
    .join("");
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
      pieces.push(text(rest));
      break;
    }
    if (next.at > 0) pieces.push(text(rest.slice(0, next.at)));
    pieces.push(name(next.mention.name));
    rest = rest.slice(next.at + next.key.length);
  }
  return pieces;
}

/** A span of seconds in the largest unit that divides it. */
export function durationWords(seconds: number): string {
  const units: [number, string][] = [
    [604_800, "week"],
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
  ];
  for (const [size, unit] of units) {
    if (seconds >= size && seconds % size === 0) return count(seconds / size, unit);
  }
  return count(seconds, "second");
}

/** `1 member`, `2 members`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

export function answerWords(answer: DeliveryAnswer): string {
  const words: Record<DeliveryAnswer, string> = {
    waiting: "Not tried yet",
    accepted: "Accepted",
    refused: "Refused",
    timed_out: "No answer in time",
    unreachable: "Could not be reached",
  };
  return words[answer];
}

export function attemptWords(delivery: Delivery): string {
  return delivery.attempts === 0 ? "" : count(delivery.attempts, "attempt");
}

/** Why nothing can be written in a group; `null` where it can. */
export function closedWords(state: GroupState): string | null {
  const words: Record<GroupState, string | null> = {
    active: null,
    leaving: "You are leaving this group. Nothing more is sent; another member’s app has to confirm it.",
    left: "You left this group. What was written stays here for you to read.",
    stranded: "This device cannot follow the group any more. Ask an admin to remove you and to invite you again; what was written stays here.",
    ended: "An admin ended this group for everybody. What was written stays here for you to read.",
    removed: "An admin removed you from this group. What was written stays here for you to read.",
  };
  return words[state];
}

/** Who chose an emoji: `You, Ada Brandt and 3 others`. */
export function reactionWords(reaction: Reaction): string {
  const others = reaction.count - reaction.people.length;
  const named = reaction.people.join(", ");
  return others > 0 ? `${named} and ${count(others, "other")}` : named;
}
