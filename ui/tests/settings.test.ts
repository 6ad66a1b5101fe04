import { fireEvent, waitFor } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, describe, expect, test, vi } from "vitest";
import { FakeBackend } from "../src/ipc/fake";
import { jonas } from "../src/ipc/fake-data";
import Root from "../src/Root.svelte";
import { PAGES, sectionsOf, type SettingsPage } from "../src/settings/table";
import { enter } from "../src/state/enter.svelte";
import { CHOICES, look } from "../src/state/look.svelte";
import { byId, connected, maybe, ready, show } from "./kit";

afterEach(() => {
  localStorage.clear();
  look.start();
});

async function settings(page: SettingsPage, backend: FakeBackend = ready()) {
  const app = await connected(backend);
  show(app, Root, { app });
  app.settingsPage = page;
  app.dialog = "settings";
  await waitFor(() => expect(maybe("settings")).not.toBeNull());
  return { app, backend };
}

const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const sections = () => [...document.querySelectorAll<HTMLElement>("[data-testid^=section-]")].map((one) => one.dataset.testid?.replace("section-", ""));
const pages = Object.keys(PAGES) as SettingsPage[];

describe("the pages", () => {
  test.each(pages)("%s has what the table says, and nothing fails to load", async (page) => {
    const { app } = await settings(page);
    const expected = sectionsOf(page, false).filter((one) => one !== "passphrase");
    await waitFor(() => expect(sections()).toEqual(expected));
    expect(app.notice).toBeNull();
    expect([...document.querySelectorAll("[role=alert]")].map((one) => one.textContent?.trim()).join("")).toBe("");
  });

  test("in a try only what outlives it is offered", async () => {
    await settings("accounts", FakeBackend.fromQuery("?fake=try"));
    await waitFor(() => expect(byId("key-place").textContent).toContain("in memory"));
    expect(maybe("settings-page-network")).toBeNull();
    expect(maybe("settings-page-security")).toBeNull();
  });

  test("the search goes over all pages, by words of the title and others", async () => {
    await settings("about");
    const search = (value: string) => fireEvent.input(byId("settings-search"), { target: { value } });
    await search("tor");
    await waitFor(() => expect(sections()).toContain("proxy"));
    await search("backup key");
    await waitFor(() => expect(sections()).toEqual(["key"]));
    await search("xyzzy");
    await waitFor(() => expect(maybe("settings-none")).not.toBeNull());
    await fireEvent.click(byId("settings-page-appearance"));
    await waitFor(() => expect(sections()).toEqual([...PAGES.appearance]));
  });
});

describe("appearance", () => {
  test("each choice is on the page at once and kept for the next start", async () => {
    await settings("appearance");
    await fireEvent.click(byId("theme-dark"));
    await fireEvent.click(byId("accent-violet"));
    await fireEvent.click(byId("contrast"));
    await fireEvent.click(byId("density"));
    await fireEvent.click(byId("text-large"));
    await fireEvent.click(byId("motion"));
    expect({ ...document.documentElement.dataset }).toMatchObject({ theme: "dark", accent: "violet", contrast: "more", density: "compact", text: "large", motion: "less" });
    look.choices = { theme: "system", contrast: "system", accent: "lake", density: "usual", text: "usual", motion: "system" };
    look.start();
    expect(look.choices).toEqual({ theme: "dark", contrast: "more", accent: "violet", density: "compact", text: "large", motion: "less" });
  });

  test("what is stored and makes no sense is as if nothing had been chosen", () => {
    for (const nonsense of ["", "{", "null", '{"theme":"pink","zoom":40,"accent":7}', "[]"]) {
      localStorage.setItem("murmel.look", nonsense);
      look.start();
      expect(look.zoom).toBe(1);
      for (const [key, choices] of Object.entries(CHOICES)) expect(choices as readonly string[]).toContain(look.choices[key as keyof typeof CHOICES]);
    }
  });
});

describe("relays", () => {
  const rows = (role: string) => all("relay-row").filter((one) => one.dataset.role === role);
  const add = async (role: string, address: string) => {
    await fireEvent.input(byId(`relay-address-${role}`), { target: { value: address } });
    await fireEvent.submit(byId(`relay-address-${role}`).closest("form") as HTMLFormElement);
  };

  test("one is added to the one list only, and what another app put there stays", async () => {
    const { backend } = await settings("network");
    await waitFor(() => expect(rows("publish").length).toBeGreaterThan(0));
    const own = backend.relays;
    await add("publish", "relay.mine.example");
    await waitFor(() => expect(backend.calls).toContainEqual(["setRelayList", { role: "publish", relays: [...own, "wss://relay.mine.example"], remove: [] }]));
    await waitFor(() => expect(rows("publish").map((one) => one.dataset.relay)).toContain("wss://relay.of-another-app.example"));
    expect(rows("reach")).toHaveLength(own.length);
  });

  test("nonsense and doubles are refused with words", async () => {
    const { backend } = await settings("network");
    await waitFor(() => expect(rows("reach").length).toBeGreaterThan(0));
    await add("reach", "https://no.relay");
    expect(byId("section-reach").querySelector(".error")?.textContent).toContain("not the address of a relay");
    await add("reach", backend.relays[0] ?? "");
    expect(byId("section-reach").querySelector(".error")?.textContent).toContain("in the list already");
  });

  test("the last one cannot be taken out", async () => {
    const backend = ready();
    await backend.setRelayList({ role: "reach", relays: ["wss://only.example"], remove: backend.relays });
    await settings("network", backend);
    await waitFor(() => expect(rows("reach")).toHaveLength(1));
    expect((rows("reach")[0]?.querySelector("button") as HTMLButtonElement).disabled).toBe(true);
  });

  test("an earlier version can be had again", async () => {
    const { backend } = await settings("network");
    await waitFor(() => expect(rows("reach").length).toBeGreaterThan(0));
    const before = rows("reach").map((one) => one.dataset.relay);
    await add("reach", "relay.mine.example");
    await waitFor(() => expect(rows("reach")).toHaveLength(before.length + 1));
    await fireEvent.click(byId("section-reach").querySelector('[data-testid="relay-restore"]') as HTMLElement);
    await waitFor(() => expect(rows("reach").map((one) => one.dataset.relay)).toEqual(before));
    expect(backend.calls.some(([name]) => name === "restoreRelayList")).toBe(true);
  });

  test("a proxy of one's own is saved only with its address", async () => {
    const { backend } = await settings("network");
    await fireEvent.click(byId("proxy-tor"));
    await waitFor(async () => expect(await backend.proxy()).toEqual({ way: "tor" }));
    await fireEvent.click(byId("proxy-socks"));
    expect(await backend.proxy()).toEqual({ way: "tor" });
    await fireEvent.input(byId("proxy-port"), { target: { value: "1080" } });
    await fireEvent.submit(byId("proxy-port").closest("form") as HTMLFormElement);
    await waitFor(async () => expect(await backend.proxy()).toEqual({ way: "socks", host: "127.0.0.1", port: 1080 }));
  });
});

describe("privacy", () => {
  test("blocked people are listed and unblocked", async () => {
    const backend = ready();
    await backend.block(jonas.npub);
    await settings("privacy", backend);
    await waitFor(() => expect(byId("blocked").textContent).toContain("Jonas Wirth"));
    await fireEvent.click(byId("unblock"));
    await waitFor(() => expect(maybe("blocked-none")).not.toBeNull());
  });

  test("who may invite is kept, and goes back where that failed", async () => {
    const { app, backend } = await settings("privacy");
    await fireEvent.click(byId("who-contacts"));
    await waitFor(() => expect(backend.settings.who_may_add_me).toBe("contacts"));
    vi.spyOn(backend, "setSettings").mockRejectedValue({ code: "storage", message: "The disk said no.", retryable: true });
    await fireEvent.click(byId("who-nobody"));
    await waitFor(() => expect(app.notice).toBe("The disk said no."));
    expect((byId("who-contacts") as HTMLInputElement).checked).toBe(true);
  });
});

describe("security", () => {
  test("the key is saved under a password and never shown", async () => {
    const { backend } = await settings("security");
    await waitFor(() => expect(maybe("export-password")).not.toBeNull());
    expect((byId("export") as HTMLButtonElement).disabled).toBe(true);
    await fireEvent.input(byId("export-password"), { target: { value: "a good password" } });
    await fireEvent.click(byId("export"));
    await waitFor(() => expect(byId("key-done").textContent).toContain("Saved"));
    expect(backend.calls).toContainEqual(["exportKey"]);
    expect(byId("settings").textContent).not.toContain("nsec");
    expect((byId("export-password") as HTMLInputElement).value).toBe("");
  });

  test("a vault's passphrase is changed only with the old one", async () => {
    const backend = FakeBackend.fromQuery("?fake=locked");
    await backend.unlock({ passphrase: "correct" });
    await settings("security", backend);
    await waitFor(() => expect(maybe("passphrase-old")).not.toBeNull());
    expect((byId("passphrase-change") as HTMLButtonElement).disabled).toBe(true);
  });

  test("O7: the log-out page says what is deleted, and a no of the person changes nothing", async () => {
    const { app, backend } = await settings("accounts");
    await fireEvent.click(byId("log-out-open"));
    await waitFor(() => expect(maybe("log-out-messages")).not.toBeNull());
    expect(byId("log-out").textContent).toContain("Without a copy of the secret key");
    backend.accounts.agrees = false;
    await fireEvent.click(byId("log-out-do"));
    await waitFor(() => expect((byId("log-out-do") as HTMLButtonElement).disabled).toBe(false));
    expect(app.state.session?.state).toBe("ready");
    backend.accounts.agrees = true;
    await fireEvent.click(byId("log-out-do"));
    await waitFor(() => expect(app.state.session?.state).toBe("first_run"));
  });

  test("the backup before a log-out leads to the key", async () => {
    const { app } = await settings("accounts");
    await fireEvent.click(byId("log-out-open"));
    await waitFor(() => expect(maybe("log-out-save")).not.toBeNull());
    await fireEvent.click(byId("log-out-save"));
    await waitFor(() => expect(maybe("section-key")).not.toBeNull());
    expect(app.loggingOut).toBeNull();
  });
});

describe("chats and data", () => {
  test("which key sends is chosen, and the composer follows", async () => {
    await settings("chats");
    await waitFor(() => expect(maybe("enter-sends")).not.toBeNull());
    expect(enter.sends).toBe(true);
    await fireEvent.click(byId("enter-sends"));
    expect(enter.sends).toBe(false);
    expect(localStorage.getItem("murmel.enter")).toBe("break");
    enter.choose(true);
  });

  test("the database is looked over, and the search is made anew with its progress shown", async () => {
    const { app, backend } = await settings("data");
    await waitFor(() => expect(maybe("database-check")).not.toBeNull());
    await fireEvent.click(byId("database-check"));
    await waitFor(() => expect(byId("database-state").textContent).toMatch(/in order.*42/u));
    await fireEvent.click(byId("database-rebuild"));
    await waitFor(() => expect(backend.calls.map(([name]) => name)).toContain("rebuildSearch"));
    backend.emit({ type: "indexing", percent: 40 });
    await waitFor(() => expect(byId("database-progress").getAttribute("value")).toBe("40"));
    expect((byId("database-rebuild") as HTMLButtonElement).disabled).toBe(true);
    backend.emit({ type: "indexing", percent: null });
    await waitFor(() => expect(maybe("database-progress")).toBeNull());
    expect(app.notice).toBeNull();
  });

  test("a damaged file is said, with what to do", async () => {
    const { backend } = await settings("data");
    vi.spyOn(backend, "check").mockResolvedValue({ database: false, index: false, messages: 10, indexed: 4, indexing: null });
    await waitFor(() => expect(maybe("database-check")).not.toBeNull());
    await fireEvent.click(byId("database-check"));
    await waitFor(() => expect(byId("database-state").textContent).toMatch(/damaged.*Save your key/u));
    expect(byId("database-index").textContent).toMatch(/6 messages/u);
  });
});

describe("notifications", () => {
  test("a level, switches, a pause and quiet hours are chosen", async () => {
    const { app, backend } = await settings("notifications");
    await fireEvent.click(byId("shows-name"));
    await waitFor(() => expect(app.state.notifications.choices.shows).toBe("name"));
    await fireEvent.click(byId("notification-mentions_through_mute"));
    await fireEvent.click(byId("pause-hour"));
    await waitFor(() => expect(maybe("pause-end")).not.toBeNull());
    await fireEvent.click(byId("pause-end"));
    await waitFor(() => expect(maybe("pause-hour")).not.toBeNull());
    await fireEvent.click(byId("quiet-hours"));
    await waitFor(() => expect(maybe("quiet-from")).not.toBeNull());
    await fireEvent.change(byId("quiet-from"), { target: { value: "21:30" } });
    await fireEvent.click(byId("quiet-day-5"));
    await waitFor(() => expect(backend.around.notifications.choices.quiet).toEqual({ days: [0, 1, 2, 3, 4, 6], from: 21 * 60 + 30, to: 7 * 60 }));
    expect(backend.around.notifications.choices.mentions_through_mute).toBe(false);
  });

  test.each(["sound", "attention", "badge"] as const)("N9: %s has a switch of its own", async (one) => {
    const { app, backend } = await settings("notifications");
    const before = app.state.notifications.choices;
    await fireEvent.click(byId(`notification-${one}`));
    await waitFor(() => expect(backend.around.notifications.choices).toEqual({ ...before, [one]: !before[one] }));
  });

  test("a desktop that shows none is said once, in the settings", async () => {
    const backend = ready();
    backend.around.notifications = { ...backend.around.notifications, server: "missing" };
    await settings("notifications", backend);
    expect(byId("notification-server-missing").textContent).toContain("Nothing on this desktop");
  });

  test("the switch of the start shows what the system says, also where it refused", async () => {
    const backend = ready();
    vi.spyOn(backend, "setAutostart").mockRejectedValue({ code: "internal", message: "The folder is read-only.", retryable: true });
    await settings("advanced", backend);
    await waitFor(() => expect(maybe("autostart")).not.toBeNull());
    await fireEvent.click(byId("autostart"));
    await waitFor(() => expect(byId("notice").textContent).toContain("read-only"));
    expect((byId("autostart") as HTMLInputElement).checked).toBe(false);
  });
});

describe("a link of the system", () => {
  test("shows whom it names and does nothing else", async () => {
    const backend = ready();
    const app = await connected(backend);
    show(app, Root, { app });
    backend.calls.length = 0;
    backend.emit({ type: "open_person", person: jonas.npub });
    await waitFor(() => expect(app.personOf).toBe(jonas.npub));
    expect(backend.calls.map(([name]) => name).filter((name) => /create|invite|send|conversation/iu.test(name))).toEqual([]);
    const asked = vi.spyOn(backend, "inspectPerson");
    app.personOf = null;
    backend.emit({ type: "settings", settings: { who_may_add_me: "nobody" } });
    await tick();
    expect(asked).not.toHaveBeenCalled();
    expect(app.personOf).toBeNull();
  });
});
