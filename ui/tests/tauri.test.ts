import { clearMocks, mockIPC } from "@tauri-apps/api/mocks";
import { afterEach, expect, test } from "vitest";
import type { Backend } from "../src/ipc";
import { tauriBackend } from "../src/ipc/tauri";

afterEach(() => clearMocks());

const cursor = { at: 1, seq: 2 };
const edit = { role: "reach" as const, relays: ["r"], remove: [] };
const calls: [keyof Backend, (backend: Backend) => Promise<unknown>, string, object][] = [
  ["inspectKey", (b) => b.inspectKey("k", null), "inspect_key", { key: "k", password: null }],
  ["inspectPerson", (b) => b.inspectPerson("t"), "inspect_person", { text: "t" }],
  ["createIdentity", (b) => b.createIdentity({ name: "n", passphrase: null }), "create_identity", { args: { name: "n", passphrase: null } }],
  [
    "importIdentity",
    (b) => b.importIdentity({ key: "k", password: "p", passphrase: null }),
    "import_identity",
    { args: { key: "k", password: "p", passphrase: null } },
  ],
  ["unlock", (b) => b.unlock({ passphrase: "p" }), "unlock", { args: { passphrase: "p" } }],
  ["tryIt", (b) => b.tryIt(), "try_it", {}],
  ["removeTryIt", (b) => b.removeTryIt(), "remove_try_it", {}],
  [
    "createGroup",
    (b) => b.createGroup({ name: "n", description: "d", people: ["p"] }),
    "create_group",
    { args: { name: "n", description: "d", people: ["p"] } },
  ],
  ["group", (b) => b.group("c"), "group", { chat: "c" }],
  ["invite", (b) => b.invite("c", ["p"]), "invite", { chat: "c", people: ["p"] }],
  ["removeMember", (b) => b.removeMember("c", "p"), "remove_member", { chat: "c", pubkey: "p" }],
  ["promote", (b) => b.promote("c", "p"), "promote", { chat: "c", pubkey: "p" }],
  ["demote", (b) => b.demote("c", "p"), "demote", { chat: "c", pubkey: "p" }],
  ["rename", (b) => b.rename("c", "n"), "rename", { chat: "c", name: "n" }],
  ["describe", (b) => b.describe("c", "d"), "describe", { chat: "c", description: "d" }],
  ["leave", (b) => b.leave("c"), "leave", { chat: "c" }],
  ["accept", (b) => b.accept("r"), "accept", { request: "r" }],
  ["decline", (b) => b.decline("r"), "decline", { request: "r" }],
  ["timeline", (b) => b.timeline("c", cursor, 60), "timeline", { chat: "c", before: cursor, limit: 60 }],
  ["send", (b) => b.send({ chat: "c", text: "t", reply_to: 3 }), "send", { args: { chat: "c", text: "t", reply_to: 3 } }],
  ["retry", (b) => b.retry(3), "retry", { message: 3 }],
  ["delivery", (b) => b.delivery(3), "delivery", { message: 3 }],
  ["markRead", (b) => b.markRead("c", 3), "mark_read", { chat: "c", message: 3 }],
  ["setOpenChat", (b) => b.setOpenChat(null), "set_open_chat", { chat: null }],
  ["setSettings", (b) => b.setSettings({ notification_text: false }), "set_settings", { settings: { notification_text: false } }],
  ["retrySetup", (b) => b.retrySetup(), "retry_setup", {}],
  ["setRelays", (b) => b.setRelays(["r"]), "set_relays", { relays: ["r"] }],
  ["copyNpub", (b) => b.copyNpub(), "copy_npub", {}],
  ["relayLists", (b) => b.relayLists(), "relay_lists", {}],
  ["previewRelayList", (b) => b.previewRelayList(edit), "preview_relay_list", { edit }],
  ["setRelayList", (b) => b.setRelayList(edit), "set_relay_list", { edit }],
  ["restoreRelayList", (b) => b.restoreRelayList(3), "restore_relay_list", { version: 3 }],
  ["relayHealth", (b) => b.relayHealth(), "relay_health", {}],
  ["proxy", (b) => b.proxy(), "proxy", {}],
  ["setProxy", (b) => b.setProxy({ way: "tor" }), "set_proxy", { proxy: { way: "tor" } }],
  ["reachability", (b) => b.reachability(), "reachability", {}],
  ["checkReachability", (b) => b.checkReachability(), "check_reachability", {}],
  ["fixReachability", (b) => b.fixReachability(), "fix_reachability", {}],
  ["outboxItems", (b) => b.outboxItems(), "outbox", {}],
  ["retryOutbox", (b) => b.retryOutbox(3), "retry_outbox", { item: 3 }],
  ["syncState", (b) => b.syncState(), "sync_state", {}],
];

test.each(calls)("%s is the command it is meant to be", async (_name, call, command, args) => {
  const seen: [string, unknown][] = [];
  mockIPC((name, payload) => {
    seen.push([name, payload]);
  });
  await call(tauriBackend());
  expect(seen).toEqual([[command, args]]);
});

test("every method of the backend is in this list", () => {
  const named: string[] = [...calls.map(([name]) => name), "subscribe"];
  expect(named.sort()).toEqual(Object.keys(tauriBackend()).sort());
});

test("subscribe hands over a channel", async () => {
  const seen: [string, unknown][] = [];
  mockIPC((name, payload) => {
    seen.push([name, JSON.parse(JSON.stringify(payload))]);
  });
  await tauriBackend().subscribe(() => undefined);
  expect(seen).toEqual([["subscribe", { channel: expect.stringMatching(/^__CHANNEL__:\d+$/u) }]]);
});
