import { clearMocks, mockIPC } from "@tauri-apps/api/mocks";
import { afterEach, expect, test } from "vitest";
import type { Backend } from "../src/ipc";
import { tauriBackend } from "../src/ipc/tauri";

afterEach(() => clearMocks());

const cursor = { at: 1, tie: 0, seq: 2 };
const settings = { who_may_add_me: "nobody" as const };
const choices = { shows: "name" as const, mentions_through_mute: true, sound: false, attention: true, badge: true, quiet: null };
const draft = { text: "t", reply_to: null, edit: null };
const fields = { name: "n", about: "", picture: "", website: "", address: "" };
const query = { text: "words", chat: null, person: null, since: null, until: null, before: null, limit: 20 };
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
  ["switchAccount", (b) => b.switchAccount("a"), "switch_account", { account: "a" }],
  ["logOutSummary", (b) => b.logOutSummary("a"), "log_out_summary", { account: "a" }],
  ["logOut", (b) => b.logOut("a", true), "log_out", { account: "a", leaveGroups: true }],
  ["lock", (b) => b.lock(), "lock", {}],
  ["setLockAfter", (b) => b.setLockAfter(5), "set_lock_after", { minutes: 5 }],
  ["inUse", (b) => b.inUse(), "in_use", {}],
  ["keySafety", (b) => b.keySafety(), "key_safety", {}],
  ["exportKey", (b) => b.exportKey("p"), "export_key", { password: "p" }],
  ["changePassphrase", (b) => b.changePassphrase({ old: "o", new: "n" }), "change_passphrase", { args: { old: "o", new: "n" } }],
  ["moveKey", (b) => b.moveKey("vault", "p"), "move_key", { to: "vault", passphrase: "p" }],
  ["makeRecoveryCode", (b) => b.makeRecoveryCode(null), "make_recovery_code", { passphrase: null }],
  ["removeRecoveryCode", (b) => b.removeRecoveryCode(), "remove_recovery_code", {}],
  ["recover", (b) => b.recover({ code: "c", passphrase: null }), "recover", { args: { code: "c", passphrase: null } }],
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
  ["leave", (b) => b.leave("c", "p"), "leave", { chat: "c", successor: "p" }],
  ["setRetention", (b) => b.setRetention("c", 60), "set_retention", { chat: "c", seconds: 60 }],
  ["setAvatar", (b) => b.setAvatar("c", null), "set_avatar", { chat: "c", avatar: null }],
  ["setImage", (b) => b.setImage("c", null), "set_image", { chat: "c", image: null }],
  ["moveGroup", (b) => b.moveGroup("c", ["wss://r"], true), "move_group", { chat: "c", relays: ["wss://r"], newTag: true }],
  ["upgradeGroup", (b) => b.upgradeGroup("c"), "upgrade_group", { chat: "c" }],
  ["endGroup", (b) => b.endGroup("c"), "end_group", { chat: "c" }],
  ["setZoom", (b) => b.setZoom(1.5), "set_zoom", { factor: 1.5 }],
  ["accept", (b) => b.accept("r"), "accept", { request: "r" }],
  ["decline", (b) => b.decline("r"), "decline", { request: "r" }],
  ["timeline", (b) => b.timeline("c", cursor, 60), "timeline", { chat: "c", before: cursor, limit: 60 }],
  ["timelineAfter", (b) => b.timelineAfter("c", cursor, 60), "timeline_after", { chat: "c", after: cursor, limit: 60 }],
  ["timelineAround", (b) => b.timelineAround("c", 3, 60), "timeline_around", { chat: "c", message: 3, limit: 60 }],
  ["send", (b) => b.send({ chat: "c", text: "t", reply_to: 3 }), "send", { args: { chat: "c", text: "t", reply_to: 3 } }],
  ["retry", (b) => b.retry(3), "retry", { message: 3 }],
  ["cancelMessage", (b) => b.cancelMessage(3), "cancel_message", { message: 3 }],
  ["react", (b) => b.react(3, "👍"), "react", { message: 3, emoji: "👍" }],
  ["unreact", (b) => b.unreact(3, "👍"), "unreact", { message: 3, emoji: "👍" }],
  ["edit", (b) => b.edit(3, "better"), "edit", { message: 3, text: "better" }],
  ["deleteMessage", (b) => b.deleteMessage(3), "delete_message", { message: 3 }],
  ["history", (b) => b.history(3), "history", { message: 3 }],
  ["copyText", (b) => b.copyText("words"), "copy_text", { text: "words" }],
  ["openLink", (b) => b.openLink("https://example.com/"), "open_link", { url: "https://example.com/" }],
  ["search", (b) => b.search(query), "search", { query }],
  ["rebuildSearch", (b) => b.rebuildSearch(), "rebuild_search", {}],
  ["check", (b) => b.check(), "check", {}],
  ["delivery", (b) => b.delivery(3), "delivery", { message: 3 }],
  ["markRead", (b) => b.markRead("c", 3), "mark_read", { chat: "c", message: 3 }],
  ["pin", (b) => b.pin("c", true), "pin", { chat: "c", pinned: true }],
  ["orderPins", (b) => b.orderPins(["c"]), "order_pins", { chats: ["c"] }],
  ["archive", (b) => b.archive("c", true), "archive", { chat: "c", archived: true }],
  ["mute", (b) => b.mute("c", "day"), "mute", { chat: "c", howLong: "day" }],
  ["markUnread", (b) => b.markUnread("c", true), "mark_unread", { chat: "c", unread: true }],
  ["unreadMentions", (b) => b.unreadMentions("c"), "unread_mentions", { chat: "c" }],
  ["draft", (b) => b.draft("c"), "draft", { chat: "c" }],
  ["setDraft", (b) => b.setDraft("c", draft), "set_draft", { chat: "c", draft }],
  ["person", (b) => b.person("p"), "person", { person: "p" }],
  ["refreshPerson", (b) => b.refreshPerson("p"), "refresh_person", { person: "p" }],
  ["setNickname", (b) => b.setNickname("p", "n"), "set_nickname", { person: "p", nickname: "n" }],
  ["verifyAddress", (b) => b.verifyAddress("p"), "verify_address", { person: "p" }],
  ["block", (b) => b.block("p"), "block", { person: "p" }],
  ["unblock", (b) => b.unblock("p"), "unblock", { person: "p" }],
  ["blocked", (b) => b.blocked(), "blocked", {}],
  ["findPeople", (b) => b.findPeople("t"), "find_people", { text: "t" }],
  ["findPerson", (b) => b.findPerson("t"), "find_person", { text: "t" }],
  ["canInvite", (b) => b.canInvite(["p"]), "can_invite", { people: ["p"] }],
  ["conversationWith", (b) => b.conversationWith("p"), "conversation_with", { person: "p" }],
  ["ownProfile", (b) => b.ownProfile(), "own_profile", {}],
  ["setProfile", (b) => b.setProfile(fields), "set_profile", { fields }],
  ["profileVersions", (b) => b.profileVersions(), "profile_versions", {}],
  ["restoreProfile", (b) => b.restoreProfile("v"), "restore_profile", { version: "v" }],
  ["setOpenChat", (b) => b.setOpenChat(null), "set_open_chat", { chat: null }],
  ["setSettings", (b) => b.setSettings(settings), "set_settings", { settings }],
  ["setNotifications", (b) => b.setNotifications(choices), "set_notifications", { choices }],
  ["pauseNotifications", (b) => b.pauseNotifications("hour"), "pause_notifications", { howLong: "hour" }],
  ["desktop", (b) => b.desktop(), "desktop", {}],
  ["setAutostart", (b) => b.setAutostart(true), "set_autostart", { on: true }],
  ["setLanguage", (b) => b.setLanguage("nl"), "set_language", { language: "nl" }],
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
  ["updates", (b) => b.updates(), "updates", {}],
  ["setUpdates", (b) => b.setUpdates(true), "set_updates", { looks: true }],
  ["lookForUpdate", (b) => b.lookForUpdate(), "look_for_update", {}],
  ["loadUpdate", (b) => b.loadUpdate(), "load_update", {}],
  ["cancelUpdate", (b) => b.cancelUpdate(), "cancel_update", {}],
  ["installUpdate", (b) => b.installUpdate(), "install_update", {}],
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
