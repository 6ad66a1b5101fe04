import { fireEvent, waitFor } from "@testing-library/svelte";
import axe from "axe-core";
import { tick } from "svelte";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { IpcError, UpdateProgress, Updates } from "../src/ipc";
import { FakeBackend } from "../src/ipc/fake";
import { NEWER, updateStates } from "../src/ipc/fake-updates";
import Root from "../src/Root.svelte";
import { en } from "../src/words/en";
import { sizeWords } from "../src/words/size";
import { speech } from "../src/words/say.svelte";
import { byId, connected, maybe, show } from "./kit";

vi.mock("virtua/svelte", async () => ({ Virtualizer: (await import("./PlainList.svelte")).default }));
afterEach(() => {
  document.body.replaceChildren();
  speech.choice = "system";
});

type Name = keyof typeof updateStates;
const refusal: IpcError = { code: "internal", message: "The disk said no.", retryable: true };

async function started(name: Name) {
  const backend = FakeBackend.fromQuery(`?fake=ready&updates=${name}`);
  const app = await connected(backend);
  await waitFor(() => expect(app.state.updates).toEqual(updateStates[name]));
  show(app, Root, { app });
  return { app, backend };
}

async function about(name: Name) {
  const shown = await started(name);
  shown.app.settingsPage = "about";
  shown.app.dialog = "settings";
  await waitFor(() => expect(maybe("updates")).not.toBeNull());
  shown.backend.calls.length = 0;
  return shown;
}

/** What was asked of the backend; not what the window tells it by itself. */
const asked = (backend: FakeBackend) => backend.calls.map(([name]) => name).filter((name) => /update/iu.test(name));
const disabled = (id: string) => (byId(id) as HTMLButtonElement).disabled;
const STEPS = ["update-notes", "update-load", "update-progress", "update-cancel", "update-install", "update-retry"];

async function serious(): Promise<string[]> {
  const { violations } = await axe.run(document.body, { resultTypes: ["violations"], rules: Object.fromEntries(["color-contrast", "target-size", "region", "page-has-heading-one"].map((id) => [id, { enabled: false }])) });
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id }) => id);
}

describe("the state", () => {
  test("is asked for after each subscription, and an event replaces it", async () => {
    const { app, backend } = await started("newest");
    backend.newer.show({ at: "ready", version: "1.0.0" });
    expect(app.state.updates?.progress).toEqual({ at: "ready", version: "1.0.0" });
    backend.newer.state = updateStates.available;
    await app.connect();
    await waitFor(() => expect(app.state.updates).toEqual(updateStates.available));
  });

  test("an event that came before the answer is not undone by it", async () => {
    const { app, backend } = await started("unknown");
    let answer: (updates: Updates) => void = () => undefined;
    vi.spyOn(backend, "lookForUpdate").mockReturnValue(new Promise((resolve) => (answer = resolve)));
    const told = app.updates.tell(() => backend.lookForUpdate());
    backend.newer.show({ at: "newest" });
    answer(updateStates.looking);
    await told;
    expect(app.state.updates?.progress.at).toBe("newest");
  });

  test("the answer to an earlier question does not undo that to a later one", async () => {
    const { app } = await started("unknown");
    let late: (updates: Updates) => void = () => undefined;
    const first = app.updates.tell(() => new Promise((resolve) => (late = resolve)));
    await app.updates.tell(async () => updateStates.loading);
    late(updateStates.looking);
    await first;
    expect(app.state.updates).toEqual(updateStates.loading);
  });

  test("a backend that does not know leaves no section without words, and says nothing", async () => {
    const backend = FakeBackend.fromQuery("?fake=ready");
    vi.spyOn(backend, "updates").mockRejectedValue(refusal);
    const app = await connected(backend);
    show(app, Root, { app });
    app.settingsPage = "about";
    app.dialog = "settings";
    await waitFor(() => expect(maybe("section-about")).not.toBeNull());
    expect(maybe("section-updates")).toBeNull();
    expect(app.notice).toBeNull();
  });
});

describe("who brings newer versions", () => {
  test.each([
    ["packages", en.updates.byPackages],
    ["nobody", en.updates.byNobody],
  ] as const)("%s: said, with nothing to press", async (name, words) => {
    await about(name);
    expect(byId("updates").textContent).toContain(words);
    expect(byId("updates").querySelectorAll("button, input")).toHaveLength(0);
  });

  test("the app: only once it is switched on, with words about who is asked", async () => {
    const { app, backend } = await about("unknown");
    const check = byId("look-for-updates") as HTMLInputElement;
    expect(check.checked).toBe(false);
    expect(check.closest("label")?.textContent).toMatch(/asks downloads\.murmel\.example once a day.*sees the address/u);
    await fireEvent.click(check);
    await waitFor(() => expect(backend.newer.state.looks).toBe(true));
    expect(backend.calls).toContainEqual(["setUpdates", true]);
    expect(app.state.updates?.looks).toBe(true);
    expect(asked(backend)).toEqual(["setUpdates"]);
  });

  test("a switch that was not kept goes back", async () => {
    const { app, backend } = await about("unknown");
    vi.spyOn(backend, "setUpdates").mockRejectedValue(refusal);
    await fireEvent.click(byId("look-for-updates"));
    await waitFor(() => expect(app.notice).toBe(refusal.message));
    expect((byId("look-for-updates") as HTMLInputElement).checked).toBe(false);
  });

  test("is found by the words that people have for it", async () => {
    await about("newest");
    for (const words of ["update", "upgrade", "newer version", "install"]) {
      await fireEvent.input(byId("settings-search"), { target: { value: words } });
      await waitFor(() => expect(maybe("section-updates"), words).not.toBeNull());
    }
  });
});

describe("each step", () => {
  const cases: [Name, string, string[], boolean][] = [
    ["unknown", en.updates.unknown, [], true],
    ["looking", en.updates.looking, [], false],
    ["newest", en.updates.newest, [], true],
    ["available", en.updates.available(NEWER), ["update-notes", "update-load"], true],
    ["available-bare", en.updates.available(NEWER), ["update-load"], true],
    ["loading", en.updates.loading(NEWER), ["update-progress", "update-cancel"], false],
    ["loading-blind", en.updates.loading(NEWER), ["update-progress", "update-cancel"], false],
    ["ready", en.updates.ready(NEWER), ["update-install"], false],
    ["installing", en.updates.installing(NEWER), [], false],
    ["unreachable", en.updates.faults.unreachable, [], true],
    ["not-signed", en.updates.faults.not_signed, [], true],
    ["not-installed", en.updates.faults.not_installed, ["update-retry"], true],
  ];

  test.each(cases)("%s has its words in a polite region, and its buttons", async (name, words, steps, mayLook) => {
    await about(name);
    expect(byId("update-state").getAttribute("role")).toBe("status");
    expect(byId("update-state").textContent).toBe(words);
    expect(STEPS.filter((id) => maybe(id) !== null)).toEqual(steps);
    expect(disabled("look-now")).toBe(!mayLook);
    expect(await serious()).toEqual([]);
  });

  test.each([
    ["unknown", "look-now", "lookForUpdate", "looking"],
    ["available", "update-load", "loadUpdate", "loading"],
    ["loading", "update-cancel", "cancelUpdate", "available"],
    ["ready", "update-install", "installUpdate", "installing"],
    ["not-installed", "update-retry", "lookForUpdate", "looking"],
  ] as const)("%s: %s calls %s and nothing else", async (name, button, command, then) => {
    const { app, backend } = await about(name);
    await fireEvent.click(byId(button));
    expect(asked(backend)).toEqual([command]);
    await waitFor(() => expect(app.state.updates?.progress.at).toBe(then));
  });

  test("a second press before the answer does not load twice", async () => {
    const { backend } = await about("available");
    const load = vi.spyOn(backend, "loadUpdate").mockReturnValue(new Promise(() => undefined));
    await fireEvent.click(byId("update-load"));
    await fireEvent.click(byId("update-load"));
    expect(load).toHaveBeenCalledTimes(1);
  });

  test("a command that fails is said, and can be tried again", async () => {
    const { app, backend } = await about("ready");
    const install = vi.spyOn(backend, "installUpdate").mockRejectedValue(refusal);
    await fireEvent.click(byId("update-install"));
    await waitFor(() => expect(app.notice).toBe(refusal.message));
    await fireEvent.click(byId("update-install"));
    expect(install).toHaveBeenCalledTimes(2);
  });

  test("how much has come is drawn and written, and follows the events", async () => {
    const { backend } = await about("loading");
    const bar = () => byId("update-progress") as HTMLProgressElement;
    const written = () => document.getElementById(bar().getAttribute("aria-describedby") ?? "")?.textContent;
    expect([bar().getAttribute("value"), bar().getAttribute("max")]).toEqual(["8300000", "24600000"]);
    expect(written()).toBe("8.3 MB of 24.6 MB");
    backend.newer.show({ at: "loading", version: NEWER, bytes: 12_300_000, of: 24_600_000 });
    await waitFor(() => expect(bar().getAttribute("value")).toBe("12300000"));
    expect(written()).toBe("12.3 MB of 24.6 MB");
    expect(byId("update-state").textContent).not.toContain("MB");
    backend.newer.show({ at: "loading", version: NEWER, bytes: 900, of: null });
    await waitFor(() => expect(bar().hasAttribute("value")).toBe(false));
    expect(written()).toBe("900 byte so far");
  });

  test("notes are text, whatever stands in them", async () => {
    const { backend } = await about("newest");
    const notes = '<b>Bold</b>\n  <img src="https://evil.example/x" onerror="alert(1)">\n<script>alert(2)</script>';
    backend.newer.show({ at: "available", version: "2.0.0", notes });
    await waitFor(() => expect(byId("update-notes").textContent).toBe(notes));
    expect(byId("update-notes").children).toHaveLength(0);
    expect(byId("update-notes").getAttribute("aria-label")).toBe(en.updates.notes);
  });

  test("the focus does not go away with the button that had it", async () => {
    const { backend } = await about("available");
    byId("update-load").focus();
    await fireEvent.click(byId("update-load"));
    await waitFor(() => expect(maybe("update-cancel")).not.toBeNull());
    await tick();
    expect(document.activeElement).toBe(byId("update-state"));
    byId("look-for-updates").focus();
    backend.newer.show({ at: "ready", version: NEWER });
    await waitFor(() => expect(maybe("update-install")).not.toBeNull());
    expect(document.activeElement).toBe(byId("look-for-updates"));
  });

  test("sizes are written in the language", () => {
    expect([0, 999, 45_000, 1_500_000, 2_000_000_000].map(sizeWords)).toEqual(["0 byte", "999 byte", "45 kB", "1.5 MB", "2 GB"]);
    speech.choice = "nl";
    expect(sizeWords(8_340_000)).toBe("8,3 MB");
  });
});

describe("the news", () => {
  const other: UpdateProgress[] = [{ at: "unknown" }, { at: "looking" }, { at: "newest" }, { at: "loading", version: NEWER, bytes: 1, of: 2 }, { at: "installing", version: NEWER }, { at: "failed", fault: "unreachable" }];

  test("stands in the list when a version is there or ready, and at no other time", async () => {
    const { backend } = await started("unknown");
    expect(maybe("update-news")).toBeNull();
    for (const progress of other) {
      backend.newer.show({ at: "available", version: NEWER, notes: null });
      await waitFor(() => expect(byId("update-news").textContent).toContain(en.updates.news.available(NEWER)));
      backend.newer.show(progress);
      await waitFor(() => expect(maybe("update-news"), progress.at).toBeNull());
    }
    backend.newer.show({ at: "ready", version: NEWER });
    await waitFor(() => expect(byId("update-news").textContent).toContain(en.updates.news.ready(NEWER)));
    expect(byId("update-news").closest("[role=status]")).not.toBeNull();
    expect(byId("update-news").closest("nav")?.querySelector('[data-testid="chat-row"]')).not.toBeNull();
    expect(await serious()).toEqual([]);
  });

  test("leads to the page about the app", async () => {
    const { app } = await started("available");
    const seen = vi.spyOn(Element.prototype, "scrollIntoView");
    await fireEvent.click(byId("update-news-open"));
    await waitFor(() => expect(maybe("update-notes")).not.toBeNull());
    await waitFor(() => expect(seen.mock.contexts).toContain(byId("update-state")));
    expect([app.dialog, app.settingsPage]).toEqual(["settings", "about"]);
  });

  test("once put away, it stays away for this version and comes back for a newer one", async () => {
    const { app, backend } = await started("available");
    expect(byId("update-news-dismiss").getAttribute("aria-label")).toBe(en.common.dismiss);
    await fireEvent.click(byId("update-news-dismiss"));
    await waitFor(() => expect(maybe("update-news")).toBeNull());
    backend.newer.show({ at: "ready", version: NEWER });
    await app.connect();
    await tick();
    expect(app.state.updates?.progress.at).toBe("ready");
    expect(maybe("update-news")).toBeNull();
    backend.newer.show({ at: "available", version: "0.9.1", notes: null });
    await waitFor(() => expect(byId("update-news").textContent).toContain("0.9.1"));
    expect(JSON.stringify({ ...localStorage })).not.toContain(NEWER);
  });
});
