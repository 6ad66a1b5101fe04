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
    timelineAfter: (chat, after, limit) => invoke("timeline_after", { chat, after, limit }),
    timelineAround: (chat, message, limit) => invoke("timeline_around", { chat, message, limit }),
    send: (args) => invoke("send", { args }),
    retry: (message) => invoke("retry", { message }),
    delivery: (message) => invoke("delivery", { message }),
    markRead: (chat, message) => invoke("mark_read", { chat, message }),
    pin: (chat, pinned) => invoke("pin", { chat, pinned }),
    orderPins: (chats) => invoke("order_pins", { chats }),
    archive: (chat, archived) => invoke("archive", { chat, archived }),
    mute: (chat, howLong) => invoke("mute", { chat, howLong }),
    markUnread: (chat, unread) => invoke("mark_unread", { chat, unread }),
    unreadMentions: (chat) => invoke("unread_mentions", { chat }),
    draft: (chat) => invoke("draft", { chat }),
    setDraft: (chat, draft) => invoke("set_draft", { chat, draft }),
    person: (person) => invoke("person", { person }),
    refreshPerson: (person) => invoke("refresh_person", { person }),
    setNickname: (person, nickname) => invoke("set_nickname", { person, nickname }),
    verifyAddress: (person) => invoke("verify_address", { person }),
    block: (person) => invoke("block", { person }),
    unblock: (person) => invoke("unblock", { person }),
    blocked: () => invoke("blocked"),
    findPeople: (text) => invoke("find_people", { text }),
    findPerson: (text) => invoke("find_person", { text }),
    canInvite: (people) => invoke("can_invite", { people }),
    conversationWith: (person) => invoke("conversation_with", { person }),
    ownProfile: () => invoke("own_profile"),
    setProfile: (fields) => invoke("set_profile", { fields }),
    profileVersions: () => invoke("profile_versions"),
    restoreProfile: (version) => invoke("restore_profile", { version }),
    setOpenChat: (chat) => invoke("set_open_chat", { chat }),
    setSettings: (settings) => invoke("set_settings", { settings }),
    retrySetup: () => invoke("retry_setup"),
    setRelays: (relays) => invoke("set_relays", { relays }),
    copyNpub: () => invoke("copy_npub"),
  };
}
