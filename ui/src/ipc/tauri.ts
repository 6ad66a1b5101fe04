// Owns the real backend: each method is one Tauri command.
// Never interprets what it carries.
import { Channel, invoke } from "@tauri-apps/api/core";
import type { Backend } from "./backend";
import type { Event } from "./generated";

export function tauriBackend(): Backend {
  return {
    subscribe(onEvent) {
      const channel = new Channel<Event>();
      channel.onmessage = onEvent;
      return invoke("subscribe", { channel });
    },
    inspectKey: (key, password) => invoke("inspect_key", { key, password }),
    inspectPerson: (text) => invoke("inspect_person", { text }),
    createIdentity: (args) => invoke("create_identity", { args }),
    importIdentity: (args) => invoke("import_identity", { args }),
    unlock: (args) => invoke("unlock", { args }),
    tryIt: () => invoke("try_it"),
    removeTryIt: () => invoke("remove_try_it"),
    createGroup: (args) => invoke("create_group", { args }),
    group: (chat) => invoke("group", { chat }),
    invite: (chat, people) => invoke("invite", { chat, people }),
    removeMember: (chat, pubkey) => invoke("remove_member", { chat, pubkey }),
    promote: (chat, pubkey) => invoke("promote", { chat, pubkey }),
    demote: (chat, pubkey) => invoke("demote", { chat, pubkey }),
    rename: (chat, name) => invoke("rename", { chat, name }),
    describe: (chat, description) => invoke("describe", { chat, description }),
    leave: (chat) => invoke("leave", { chat }),
    accept: (request) => invoke("accept", { request }),
    decline: (request) => invoke("decline", { request }),
    timeline: (chat, before, limit) => invoke("timeline", { chat, before, limit }),
    send: (args) => invoke("send", { args }),
    retry: (message) => invoke("retry", { message }),
    delivery: (message) => invoke("delivery", { message }),
    markRead: (chat, message) => invoke("mark_read", { chat, message }),
    setOpenChat: (chat) => invoke("set_open_chat", { chat }),
    setSettings: (settings) => invoke("set_settings", { settings }),
    retrySetup: () => invoke("retry_setup"),
    setRelays: (relays) => invoke("set_relays", { relays }),
    copyNpub: () => invoke("copy_npub"),
    relayLists: () => invoke("relay_lists"),
    previewRelayList: (edit) => invoke("preview_relay_list", { edit }),
    setRelayList: (edit) => invoke("set_relay_list", { edit }),
    restoreRelayList: (version) => invoke("restore_relay_list", { version }),
    relayHealth: () => invoke("relay_health"),
    proxy: () => invoke("proxy"),
    setProxy: (proxy) => invoke("set_proxy", { proxy }),
    reachability: () => invoke("reachability"),
    checkReachability: () => invoke("check_reachability"),
    fixReachability: () => invoke("fix_reachability"),
    outboxItems: () => invoke("outbox"),
    retryOutbox: (item) => invoke("retry_outbox", { item }),
    syncState: () => invoke("sync_state"),
  };
}
