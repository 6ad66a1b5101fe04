import { waitFor } from "@testing-library/svelte";
import axe from "axe-core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { FakeBackend } from "../src/ipc/fake";
import { jonas } from "../src/ipc/fake-data";
import Root from "../src/Root.svelte";
import { PAGES, type SettingsPage } from "../src/settings/table";
import type { App } from "../src/state/app.svelte";
import { connected, maybe, show } from "./kit";

vi.mock("virtua/svelte", async () => ({ Virtualizer: (await import("./PlainList.svelte")).default }));
afterEach(() => document.body.replaceChildren());

/** What cannot be judged without a layout: colours and places. The look in a real browser judges them, with `&axe` in the address. */
const BLIND = ["color-contrast", "target-size", "scrollable-region-focusable", "region", "page-has-heading-one"];

async function serious(): Promise<string[]> {
  const rules = Object.fromEntries(BLIND.map((id) => [id, { enabled: false }]));
  const { violations } = await axe.run(document.body, { resultTypes: ["violations"], rules });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`));
}

async function screen(fake: string, prepare: (app: App) => void = () => undefined): Promise<App> {
  const app = await connected(FakeBackend.fromQuery(`?fake=${fake}`));
  show(app, Root, { app });
  prepare(app);
  await waitFor(() => expect(document.querySelector("main, [data-testid=main]")).not.toBeNull());
  return app;
}

describe("axe finds nothing serious", () => {
  test.each(["first-run", "vault", "locked", "unavailable", "empty", "setup", "try", "accounts", "ready"])("on the screen %s", async (fake) => {
    await screen(fake);
    expect(await serious()).toEqual([]);
  });

  test("in a conversation with its details", async () => {
    await screen("ready", (app) => {
      app.open(app.state.chats[0]?.id ?? null);
      app.detailsOpen = true;
    });
    await waitFor(() => expect(maybe("member-row")).not.toBeNull());
    for (const details of document.querySelectorAll("details")) details.open = true;
    expect(await serious()).toEqual([]);
  });

  test("in what the search found", async () => {
    await screen("ready", (app) => (app.list.typed = "jonas"));
    await waitFor(() => expect(maybe("found-person")).not.toBeNull());
    expect(await serious()).toEqual([]);
  });

  test.each(["new-group", "jump", "shortcuts", "profile", "add-account"] as const)("in the dialog %s", async (dialog) => {
    await screen("ready", (app) => (app.dialog = dialog));
    await waitFor(() => expect(maybe("dialog-close")).not.toBeNull());
    expect(await serious()).toEqual([]);
  });

  test.each(Object.keys(PAGES) as SettingsPage[])("on the page %s of the settings", async (page) => {
    await screen("ready", (app) => {
      app.settingsPage = page;
      app.dialog = "settings";
    });
    await waitFor(() => expect(document.querySelector("[data-testid^=section-]")).not.toBeNull());
    expect(await serious()).toEqual([]);
  });

  test("on the card of a person and on the log-out page", async () => {
    const app = await screen("ready", (one) => (one.personOf = jonas.npub));
    await waitFor(() => expect(maybe("person-name")).not.toBeNull());
    expect(await serious()).toEqual([]);
    app.personOf = null;
    app.loggingOut = app.state.current;
    await waitFor(() => expect(maybe("log-out-messages")).not.toBeNull());
    expect(await serious()).toEqual([]);
  });

  test("and would find a button without a name", async () => {
    const button = document.createElement("button");
    document.body.append(button);
    expect((await serious()).join()).toContain("button-name");
  });
});
