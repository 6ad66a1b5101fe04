import { describe, expect, test } from "vitest";
import { talkMessages } from "../src/ipc/fake-data";
import type { Found, ReachPart } from "../src/ipc";
import { rowsOf } from "../src/state/rows";
import { clockWords, reachWords } from "../src/words/health";
import { closedWords, durationWords, stateWords, systemText } from "../src/words/message";
import { initials, isKey, keyOf, shortNpub, tintOf, TINTS } from "../src/words/people";
import { relayAddress } from "../src/words/relay";
import { dayWords, shortWords, spanWords } from "../src/words/time";
import { NOW } from "./kit";

describe("the state of a message", () => {
  test.each([
    [{ state: "queued" } as const, "Queued"],
    [{ state: "sent", accepted: 2, relays: 3 } as const, "Sent to 2 of 3 relays"],
    [{ state: "sent", accepted: 1, relays: 1 } as const, "Sent to 1 of 1 relay"],
    [{ state: "failed", cause: "refused", reason: "every relay refused it" } as const, "Not sent: every relay refused it"],
    [{ state: "received" } as const, ""],
  ])("%j reads %j", (state, words) => {
    expect(stateWords(state)).toBe(words);
  });
});

describe("system rows", () => {
  test("say who did what to whom", () => {
    expect(systemText({ event: "created" })).toBe("You created this group");
    expect(systemText({ event: "member_added", by: "Mara", who: "You" })).toBe("Mara added you");
    expect(systemText({ event: "member_removed", by: "You", who: "Jonas" })).toBe("You removed Jonas");
    expect(systemText({ event: "branch_changed", by: "Jonas", reason: "lower_account", withdrawn: 0, resent: 2 })).toBe(
      "Changes were made at the same time. The one by Jonas counts by a rule that is the same for everybody. 2 messages of yours were sent again.",
    );
    expect(systemText({ event: "branch_changed", by: "Jonas", reason: "longer", withdrawn: 1, resent: 0 })).toBe(
      "Changes were made at the same time. The one by Jonas counts, because more changes followed it. 1 message of others is taken back until sent again.",
    );
    expect(systemText({ event: "renamed", by: "Mara", name: "Lake" })).toBe("Mara named the group “Lake”");
    expect(systemText({ event: "retention_changed", by: "Mara", seconds: 0 })).toBe("Mara turned disappearing messages off");
    const refused = "Every relay refused it: blocked: not you";
    expect(systemText({ event: "invitation_failed", who: "Jonas", cause: "refused", reason: refused })).toBe(
      `The invitation to Jonas could not be delivered: ${refused}`,
    );
    expect(systemText({ event: "change_failed", what: "rename", cause: "impossible", reason: "You are not an admin." })).toBe(
      "You wanted to rename the group; that was not possible: You are not an admin.",
    );
  });

  test("spans use the largest unit that fits", () => {
    expect(durationWords(604_800)).toBe("1 week");
    expect(durationWords(7_200)).toBe("2 hours");
    expect(durationWords(90)).toBe("90 seconds");
  });

  test("only an active group can be written to", () => {
    expect(closedWords("active")).toBeNull();
    expect(closedWords("removed")).toContain("removed you");
  });
});

describe("people", () => {
  test("initials are whole characters", () => {
    expect(initials("Ada Brandt")).toBe("AB");
    expect(initials("👩‍🚀 Mission")).toBe("👩‍🚀M");
    expect(initials("npub1abc")).toBe("A");
    expect(initials("")).toBe("");
  });

  test("a person has one colour, whichever way the key is written", () => {
    const hex = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
    const npub = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
    expect(keyOf(npub)).toBe(hex);
    expect(tintOf(npub)).toBe(tintOf(hex));
  });

  test("a colour stays with its id and exists", () => {
    expect(tintOf("abc")).toBe(tintOf("abc"));
    const tints = new Set(Array.from({ length: 200 }, (_, at) => tintOf(`person ${at}`)));
    expect(tints.size).toBe(TINTS);
    expect(Math.max(...tints)).toBeLessThan(TINTS);
  });

  test("a name that is only the key is told from one that somebody chose", () => {
    const npub = `npub1${"q".repeat(52)}xyzabc`;
    for (const name of [npub, shortNpub(npub), "npub1qqqqq…zabc"]) expect(isKey(name, npub), name).toBe(true);
    for (const name of ["Lena", "", "…", "npub1ppppp…zabc", "npub1qqqqq…zzzz", "npub1qq…zabc…"]) expect(isKey(name, npub), name).toBe(false);
  });

  test("a short npub keeps both ends", () => {
    expect(shortNpub(`npub1${"q".repeat(52)}xyzabc`)).toBe("npub1qqqqqqq…xyzabc");
  });
});

describe("relay addresses", () => {
  test.each([
    ["relay.example", "wss://relay.example"],
    ["wss://relay.example/", "wss://relay.example"],
    ["ws://127.0.0.1:7777", "ws://127.0.0.1:7777"],
    ["ws://localhost:7777/", "ws://localhost:7777"],
    ["wss://relay.example/inbox?x=1", "wss://relay.example/inbox?x=1"],
  ])("%s is kept as %s", (typed, kept) => {
    expect(relayAddress(typed)).toBe(kept);
  });

  test.each(["", "  ", "https://relay.example", "relay", "wss://user:pw@relay.example", "wss://", "not a relay"])("%j is refused", (typed) => {
    expect(relayAddress(typed)).toBeNull();
  });
});

describe("days and times", () => {
  const DAY = 86_400;
  test("days near the present have names", () => {
    expect(dayWords(NOW, NOW)).toBe("Today");
    expect(dayWords(NOW - DAY, NOW)).toBe("Yesterday");
    expect(dayWords(NOW - 400 * DAY, NOW)).toMatch(/\d{4}/u);
  });

  test("a chat without activity shows no time", () => {
    expect(shortWords(0, NOW)).toBe("");
  });
});

describe("rows", () => {
  const talk = talkMessages("a1", NOW);

  test("one separator for each day, and the beginning only where it is known", () => {
    const rows = rowsOf(talk, null, 0, true);
    expect(rows[0]?.type).toBe("start");
    const days = new Set(talk.map((message) => new Date(message.at * 1000).toDateString()));
    expect(rows.filter((row) => row.type === "day")).toHaveLength(days.size);
    expect(rowsOf(talk, null, 0, false).some((row) => row.type === "start")).toBe(false);
  });

  test("the divider stands before the first unread message and begins a new run", () => {
    const at = talk.findIndex((message) => message.kind.type === "text" && message.kind.text.startsWith("I have written"));
    const rows = rowsOf(talk, talk[at]?.id ?? null, 3, true);
    const divider = rows.findIndex((row) => row.type === "unread");
    expect(rows[divider]).toMatchObject({ count: 3 });
    expect(rows[divider + 1]).toMatchObject({ type: "message", first: true, message: talk[at] });
  });

  test("messages of one person within minutes share one head", () => {
    const runs = rowsOf(talk, null, 0, true).filter((row) => row.type === "message" && row.message.sender_name === "سامي حداد");
    expect(runs.slice(0, 2)).toMatchObject([{ first: true, last: false }, { first: false, last: true }]);
  });

  test("keys are unique", () => {
    const keys = rowsOf(talk, talk[9]?.id ?? null, 1, true).map((row) => row.key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("what is wrong", () => {
  const part = (...found: Found[]): ReachPart => ({
    name: "inbox_list", state: "partly", reason: "", fix: "none", relays: found.map((one, at) => ({ url: `wss://${at}.example`, found: one, detail: "" })),
  });
  test.each([
    [part(), "No relay is chosen, so invitations may go to the wrong place. Choose at least one."],
    [part("current", "current"), ""],
    [part("unread", "unread"), "None of your relays could be asked. The list of where you are reached may be there all the same; check the connection."],
    [part("missing", "unread"), "The list of where you are reached is on none of the relays that answered, so invitations may go to the wrong place. Publish it again."],
    [part("current", "unread"), "The list of where you are reached is on 1 of 2 relays; the others did not answer."],
    [part("current", "missing", "outdated"), "The list of where you are reached is on 1 of 3 relays. Publish it again, or choose other relays where one does not keep it."],
  ])("a part on %j", ({ relays, ...rest }, words) => {
    expect(reachWords({ ...rest, relays })).toBe(words);
  });

  test.each([
    [60, "1 minute"], [1_800, "30 minutes"], [5_399, "90 minutes"], [3 * 3_600, "3 hours"], [2 * 86_400, "2 days"], [5 * 31_536_000, "5 years"],
  ])("%i seconds are about %s", (seconds, words) => {
    expect(spanWords(seconds)).toBe(words);
  });

  test("a clock that is ahead does other harm than one that is behind", () => {
    expect(clockWords(10_800)).toMatch(/about 3 hours ahead.*disappear may go too early.*Set date and time/u);
    expect(clockWords(-172_800)).toMatch(/about 2 days behind.*not be able to invite you.*Set date and time/u);
  });
});
