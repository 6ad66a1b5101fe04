import { describe, expect, test } from "vitest";
import Components from "../src/dev/Components.svelte";
import { chats, messages, members, networks, news, requests, setups, systemRows, updates } from "../src/dev/states";
import { connected, ready, show } from "./kit";

describe("the components page", () => {
  test("shows every part in each of its states", async () => {
    const app = await connected(ready());
    show(app, Components, { app });
    const shown = [...document.querySelectorAll("[data-testid=state] figcaption")].map((one) => one.textContent);
    const states = [messages, chats, requests, members, networks].flatMap((one) => Object.keys(one));
    for (const one of [...states, ...Object.keys(setups).map((name) => `set-up ${name}`), ...systemRows.map(({ event }) => event), ...Object.keys(news).map((name) => `newer version ${name}`), ...Object.keys(updates).map((name) => `newer version: ${name}`)]) expect(shown).toContain(one);
    for (const one of document.querySelectorAll("[data-testid=state]")) expect(one.children.length, one.textContent ?? "").toBeGreaterThan(1);
  });
});
