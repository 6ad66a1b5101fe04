import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";
import { FakeBackend, stranger } from "../src/ipc/fake";
import { jonas, mara, me } from "../src/ipc/fake-data";
import Root from "../src/Root.svelte";
import { byId, connected, maybe, ready, show } from "./kit";

async function main(backend: FakeBackend = ready()) {
  const app = await connected(backend);
  const session = app.state.session;
  if (session?.state !== "ready") throw new Error("not ready");
  show(app, Root, { app });
  return { app, backend };
}

const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const press = (key: string, more: object = {}) => fireEvent.keyDown(document.body, { key, ...more });

describe("invitations", () => {
  test("Accept joins and opens the chat", async () => {
    const { app, backend } = await main();
    expect(byId("request-row").textContent).toContain("Lena Fuchs");
    await fireEvent.click(byId("request-accept"));
    await waitFor(() => expect(app.state.openChat).toBe("f5".repeat(16)));
    expect(backend.calls).toContainEqual(["accept", "request-1"]);
    expect(maybe("request-row")).toBeNull();
    expect(byId("chat-title").textContent).toBe("Choir, second voices");
  });

  test("Decline takes it away and opens nothing", async () => {
    const { app, backend } = await main();
    await fireEvent.click(byId("request-decline"));
    await waitFor(() => expect(maybe("request-row")).toBeNull());
    expect(backend.calls).toContainEqual(["decline", "request-1"]);
    expect(app.state.openChat).toBeNull();
  });

  test("a failure is said and the invitation stays", async () => {
    const backend = ready();
    vi.spyOn(backend, "accept").mockRejectedValue({ code: "offline", message: "No relay could be reached.", retryable: true });
    const { app } = await main(backend);
    await fireEvent.click(byId("request-accept"));
    await waitFor(() => expect(app.notice).toBe("No relay could be reached."));
    expect((byId("request-accept") as HTMLButtonElement).disabled).toBe(false);
  });
});

describe("the one who invites", () => {
  test("is shown with the key beside the name, and without a name as the key alone", async () => {
    const { backend } = await main();
    expect(byId("request-key").textContent).toContain("…");
    const [request] = backend.requests;
    if (request === undefined) throw new Error("no request");
    const npub = request.inviter_npub;
    backend.emit({ type: "request", request: { ...request, inviter_name: `${npub.slice(0, 10)}…${npub.slice(-4)}` } });
    await waitFor(() => expect(maybe("request-key")).toBeNull());
    expect(byId("request-row").textContent).toContain(`${npub.slice(0, 12)}…${npub.slice(-6)} invites you`);
  });
});

describe("what did not work", () => {
  async function root() {
    const backend = ready();
    const app = await connected(backend);
    show(app, Root, { app });
    return { app, backend };
  }

  test("is said inside the dialog that is open, and under it no more", async () => {
    const { app, backend } = await root();
    vi.spyOn(backend, "setNotifications").mockRejectedValue({ code: "storage", message: "The disk said no.", retryable: true });
    app.settingsPage = "notifications";
    app.dialog = "settings";
    await waitFor(() => expect(maybe("settings")).not.toBeNull());
    await fireEvent.click(byId("notification-sound"));
    await waitFor(() => expect(all("notice")).toHaveLength(1));
    expect(byId("settings").contains(byId("notice"))).toBe(true);
    await fireEvent.click(byId("dialog-close"));
    await waitFor(() => expect(all("notice")).toHaveLength(1));
    expect(maybe("settings")).toBeNull();
    await fireEvent.click(byId("notice-dismiss"));
    expect(maybe("notice")).toBeNull();
  });

  test("a lost connection is said over the main screen, with a way to try again", async () => {
    const { app, backend } = await root();
    vi.spyOn(backend, "subscribe").mockRejectedValueOnce({ code: "storage", message: "The disk did not answer.", retryable: false });
    await app.connect();
    await waitFor(() => expect(byId("fault").textContent).toContain("The disk did not answer."));
    expect(maybe("main")).not.toBeNull();
    await fireEvent.click(byId("fault-retry"));
    await waitFor(() => expect(maybe("fault")).toBeNull());
  });
});

describe("keys", () => {
  test("open the dialogs, and none of them works under a dialog", async () => {
    const { app } = await main();
    await press("n", { ctrlKey: true });
    expect(app.dialog).toBe("new-group");
    await waitFor(() => expect(maybe("new-group-dialog")).not.toBeNull());
    await press(",", { ctrlKey: true });
    expect(app.dialog).toBe("new-group");
    await fireEvent.click(byId("dialog-close"));
    await press(",", { ctrlKey: true });
    expect(app.dialog).toBe("settings");
  });

  test("Alt with the arrows goes through the chats and stops at the ends", async () => {
    const { app } = await main();
    const ids = app.state.chats.map((row) => row.id);
    await press("ArrowDown", { altKey: true });
    expect(app.state.openChat).toBe(ids[0]);
    await press("ArrowDown", { altKey: true });
    expect(app.state.openChat).toBe(ids[1]);
    await press("ArrowUp", { altKey: true });
    await press("ArrowUp", { altKey: true });
    expect(app.state.openChat).toBe(ids[0]);
  });

  test("a printable character goes to the composer", async () => {
    const { app } = await main();
    app.open(app.state.chats[0]?.id ?? null);
    await waitFor(() => expect(maybe("composer")).not.toBeNull());
    byId("details-open").focus();
    await fireEvent.keyDown(byId("details-open"), { key: "h" });
    expect(document.activeElement).toBe(byId("composer"));
  });

  test("a dialog gives the focus back to what opened it", async () => {
    await main();
    byId("settings-open").focus();
    await fireEvent.click(byId("settings-open"));
    await waitFor(() => expect(maybe("settings")).not.toBeNull());
    await fireEvent.click(byId("dialog-close"));
    expect(maybe("settings")).toBeNull();
    expect(document.activeElement).toBe(byId("settings-open"));
  });

  test("a dialog without a field of its own begins at its heading", async () => {
    const { app } = await main();
    app.dialog = "settings";
    await waitFor(() => expect(maybe("settings")).not.toBeNull());
    expect(document.activeElement?.textContent).toBe("Settings");
  });
});

describe("a new group", () => {
  async function dialog() {
    const made = await main();
    await fireEvent.click(byId("new-group"));
    await waitFor(() => expect(maybe("new-group-person")).not.toBeNull());
    return made;
  }
  const person = (value: string) => fireEvent.input(byId("new-group-person"), { target: { value } });
  const enter = () => fireEvent.keyDown(byId("new-group-person"), { key: "Enter" });

  test("people become chips; oneself, doubles and nonsense are refused with words", async () => {
    await dialog();
    await person(`${jonas.npub}, nostr:${mara.npub}`);
    await enter();
    await waitFor(() => expect(all("person-chip").map((chip) => chip.dataset.pubkey)).toEqual([jonas.pubkey, mara.pubkey]));
    for (const [text, words] of [[me.npub, "This is you"], [jonas.pubkey, "in the list already"], ["npub1x", "not an npub"]] as const) {
      await person(text);
      await enter();
      await waitFor(() => expect(byId("person-error").textContent).toContain(words));
    }
    expect(all("person-chip")).toHaveLength(2);
  });

  test("what is still in the field is invited too, and the chat opens", async () => {
    const { app, backend } = await dialog();
    await fireEvent.input(byId("new-group-name"), { target: { value: "Run" } });
    await person(jonas.npub);
    await fireEvent.click(byId("new-group-create"));
    await waitFor(() => expect(maybe("new-group-dialog")).toBeNull());
    expect(backend.calls).toContainEqual(["createGroup", { name: "Run", description: "", people: [jonas.npub] }]);
    expect(app.state.chats.find((row) => row.id === app.state.openChat)?.name).toBe("Run");
  });

  test("a person that is none keeps the group from being made", async () => {
    const { backend } = await dialog();
    await person("nobody");
    await fireEvent.click(byId("new-group-create"));
    await waitFor(() => expect(byId("person-error").textContent).toContain("not an npub"));
    expect(backend.calls.map(([name]) => name)).not.toContain("createGroup");
  });

  test("names those who could not be invited and why", async () => {
    await dialog();
    await person(`${jonas.npub} ${stranger}`);
    await fireEvent.click(byId("new-group-create"));
    await waitFor(() => expect(all("not-invited-row")).toHaveLength(1));
    expect(byId("not-invited-row").textContent).toContain("no key package");
    await fireEvent.click(byId("new-group-open"));
    expect(maybe("new-group-dialog")).toBeNull();
  });

  test("a failure is said in the dialog, which stays open", async () => {
    const { backend } = await dialog();
    vi.spyOn(backend, "createGroup").mockRejectedValue({ code: "offline", message: "No relay could be reached.", retryable: true });
    await fireEvent.click(byId("new-group-create"));
    await waitFor(() => expect(byId("new-group-error").textContent).toBe("No relay could be reached."));
  });
});

describe("group details", () => {
  async function details() {
    const made = await main();
    made.app.open(made.app.state.chats[0]?.id ?? null);
    made.app.detailsOpen = true;
    await waitFor(() => expect(all("member-row")).toHaveLength(4));
    return made;
  }
  const row = (pubkey: string) => document.querySelector<HTMLElement>(`[data-testid="member-row"][data-pubkey="${pubkey}"]`);

  test("a member is removed only after the question", async () => {
    await details();
    await fireEvent.click(row(jonas.pubkey)?.querySelector('[data-testid="member-open"]') as HTMLElement);
    await fireEvent.click(byId("member-remove"));
    expect(byId("confirm-dialog").textContent).toContain(jonas.name);
    await fireEvent.click(byId("cancel"));
    expect(row(jonas.pubkey)).not.toBeNull();
    await fireEvent.click(byId("member-remove"));
    await fireEvent.click(byId("confirm"));
    await waitFor(() => expect(row(jonas.pubkey)).toBeNull());
  });

  test("admin rights are given and taken", async () => {
    await details();
    await fireEvent.click(row(jonas.pubkey)?.querySelector('[data-testid="member-open"]') as HTMLElement);
    await fireEvent.click(byId("member-promote"));
    await waitFor(() => expect(row(jonas.pubkey)?.dataset.admin).toBe("true"));
    await fireEvent.click(byId("member-demote"));
    await waitFor(() => expect(row(jonas.pubkey)?.dataset.admin).toBe("false"));
  });

  test("the last admin names who takes over when leaving", async () => {
    const { app, backend } = await details();
    const chat = app.state.openChat ?? "";
    await backend.demote(chat, mara.pubkey);
    await fireEvent.click(byId("leave"));
    expect(byId("confirm-dialog").textContent).toContain("only admin");
    await fireEvent.click(all("successor")[1] as HTMLElement);
    await fireEvent.click(byId("confirm"));
    await waitFor(() => expect(backend.calls).toContainEqual(["leave", chat, mara.pubkey]));
  });

  test("messages can be made to disappear, and what failed is not shown as done", async () => {
    const { backend } = await details();
    const select = byId("retention") as HTMLSelectElement;
    await fireEvent.change(select, { target: { value: "86400" } });
    await waitFor(() => expect(backend.groups.get("a1".repeat(16))?.retention).toBe(86_400));
    vi.spyOn(backend, "setRetention").mockRejectedValue({ code: "offline", message: "No relay could be reached.", retryable: true });
    await fireEvent.change(select, { target: { value: "0" } });
    await waitFor(() => expect(byId("retention") as HTMLSelectElement).toHaveProperty("value", "86400"));
  });

  test("an invitation that did not get through says why and is sent again", async () => {
    const { backend } = await details();
    const chat = "a1".repeat(16);
    const group = backend.groups.get(chat);
    if (group === undefined) throw new Error("no group");
    const members = group.members.map((one) => (one.pubkey === jonas.pubkey ? { ...one, invitation: { state: "failed" as const, cause: "refused" as const, reason: "every relay refused it" } } : one));
    backend.emit({ type: "group", group: { ...group, members } });
    await waitFor(() => expect(byId("member-invitation").textContent).toContain("every relay refused it"));
    await fireEvent.click(row(jonas.pubkey)?.querySelector('[data-testid="member-open"]') as HTMLElement);
    await fireEvent.click(byId("member-resend"));
    await waitFor(() => expect(backend.calls).toContainEqual(["invite", chat, [jonas.npub]]));
  });

  test("a group is ended only after a question", async () => {
    const { backend } = await details();
    await fireEvent.click(byId("end-group"));
    expect(backend.calls).not.toContainEqual(["endGroup", "a1".repeat(16)]);
    await fireEvent.click(byId("confirm"));
    await waitFor(() => expect(byId("composer-closed").textContent).toContain("ended this group"));
  });

  test("the group moves to other relays in one step", async () => {
    const { backend } = await details();
    await fireEvent.click(byId("move-open"));
    await waitFor(() => expect(maybe("move-group")).not.toBeNull());
    expect((byId("move-do") as HTMLButtonElement).disabled).toBe(true);
    await fireEvent.input(byId("move-address"), { target: { value: "relay.new.example" } });
    await fireEvent.click(byId("move-do"));
    await waitFor(() => expect(maybe("move-group")).toBeNull());
    expect(backend.groups.get("a1".repeat(16))?.relays).toContain("wss://relay.new.example");
  });

  test("a picture's address that cannot be used is refused with the reason", async () => {
    await details();
    await fireEvent.input(byId("picture-address"), { target: { value: "http://pictures.example/1.png" } });
    await fireEvent.submit(byId("picture-address").closest("form") as HTMLFormElement);
    await waitFor(() => expect(byId("details").textContent).toContain("begins with https://"));
  });

  test("an admin beside others may leave, and the composer then says why it is closed", async () => {
    await details();
    await fireEvent.click(byId("leave"));
    await fireEvent.click(byId("confirm"));
    await waitFor(() => expect(byId("composer-closed").textContent).toContain("You are leaving"));
  });

  test("the name is changed in place", async () => {
    await details();
    await fireEvent.click(byId("rename"));
    await waitFor(() => expect(maybe("rename-field")).not.toBeNull());
    await fireEvent.input(byId("rename-field"), { target: { value: "Hut weekend" } });
    await fireEvent.click(byId("rename-save"));
    await waitFor(() => expect(byId("chat-title").textContent).toBe("Hut weekend"));
  });

  test("another chat in the same panel leaves the focus in the composer", async () => {
    const { app } = await details();
    await press("ArrowDown", { altKey: true });
    await waitFor(() => expect(all("member-row")).toHaveLength(2));
    expect(app.state.openChat).toBe(app.state.chats[1]?.id);
    expect(document.activeElement).toBe(byId("composer"));
  });

  test("somebody who is no admin is offered no changes", async () => {
    const { app, backend } = await main();
    const chat = app.state.chats[0]?.id ?? "";
    const group = backend.groups.get(chat);
    if (group === undefined) throw new Error("no group");
    backend.groups.set(chat, { ...group, i_am_admin: false });
    app.open(chat);
    app.detailsOpen = true;
    await waitFor(() => expect(maybe("leave")).not.toBeNull());
    await fireEvent.click(row(jonas.pubkey)?.querySelector('[data-testid="member-open"]') as HTMLElement);
    for (const id of ["invite", "rename", "describe", "member-remove", "member-promote"]) expect(maybe(id), id).toBeNull();
  });
});

describe("the rest of the window", () => {
  test("O6: the set-up is shown with its failure until it is done", async () => {
    const { backend } = await main(FakeBackend.fromQuery("?fake=setup"));
    const failed = all("setup-step").find((step) => step.dataset.state === "failed");
    expect(failed?.dataset.step).toBe("relay_lists");
    expect(failed?.textContent).toContain("No relay answered");
    await fireEvent.click(byId("setup-retry"));
    await waitFor(() => expect(all("setup-step")).toHaveLength(0));
    expect(backend.calls).toContainEqual(["retrySetup"]);
  });

  test("a try is marked and removed only after the question", async () => {
    const { app } = await main(FakeBackend.fromQuery("?fake=try"));
    expect(byId("banner-try").textContent).toContain("This is a try");
    await fireEvent.click(byId("remove-try"));
    await fireEvent.click(byId("confirm"));
    await waitFor(() => expect(app.state.session?.state).toBe("first_run"));
  });

  test("O5: an empty list says what to do next and gives the own npub", async () => {
    const { backend } = await main(FakeBackend.fromQuery("?fake=empty"));
    expect(byId("own-npub").textContent).toBe(me.npub);
    await fireEvent.click(byId("copy-npub"));
    await waitFor(() => expect(byId("copy-npub").textContent).toContain("Copied"));
    expect(backend.calls).toContainEqual(["copyNpub"]);
  });

  test("the note about other apps stays away once dismissed", async () => {
    localStorage.clear();
    const backend = ready();
    if (backend.session.state === "ready") backend.session.account.other_clients = 2;
    await main(backend);
    expect(byId("other-clients").textContent).toContain("left alone");
    await fireEvent.click(byId("other-clients-dismiss"));
    expect(maybe("other-clients")).toBeNull();
    expect(JSON.stringify(localStorage)).not.toContain(me.npub);
  });

  test("the number of unread messages is in the title, names are not", async () => {
    await main();
    expect(document.title).toBe("(2) Murmel");
  });
});
