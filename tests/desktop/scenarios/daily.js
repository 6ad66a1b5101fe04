// Owns a day in the window over the real backend: drafts, quotes, details, searching, choosing, what is unread, what stays after a restart.
import assert from "node:assert/strict";
import { until } from "../lib/wait.js";

export function daily(house, show) {
  const app = house.app("daily");
  let bea;
  let group;
  const open = async () => {
    await app.click("chat-row", `[data-chat="${group}"]`);
    await until("the chat", async () => (await app.text("chat-title")).includes("Marbles"));
  };
  return {
    scenarios: {
      "two people and a group": async () => {
        show(app);
        await app.begin("Anna");
        bea = await house.person("Bea");
        await app.newGroup("Marbles", [bea]);
        group = await bea.accept();
        await app.say("The first words");
      },
      "M12: the details of a message say what each relay answered": async () => {
        await app.menu("The first words", "details");
        const row = await app.find("delivery-row", '[data-answer="accepted"]');
        assert.equal((await row.getAttribute("data-relay")).replace(/\/$/u, ""), house.relay);
        await app.keys("Escape");
        await app.gone("delivery-row");
      },
      "M6: a reply is chosen by keys, carries its quote to the other side, and the quote leads back": async () => {
        await app.focusMessage("The first words");
        await app.keys("Control", "Shift", "r");
        await app.find("composer-reply");
        await app.type("composer", "An answer to it");
        await app.keys("Enter");
        await app.sees("An answer to it");
        const answer = await bea.receives(group, "An answer to it");
        assert.ok(JSON.stringify(answer).includes((await bea.receives(group, "The first words")).id), "the answer names the message");
        await app.click("message-quote");
        await app.click("jump-back");
        await app.gone("jump-back");
      },
      "an emoji is chosen by keys and arrives": async () => {
        await app.focusMessage("The first words");
        await app.keys("Control", "Shift", "e");
        await app.type("emoji-search", "party");
        await app.keys("Enter");
        await until("the emoji at the terminal", async () => (await bea.messages(group)).some((one) => one.kind === 7));
        await app.find("reaction", '[aria-pressed="true"]');
      },
      "what somebody changed shows its earlier texts": async () => {
        const { id } = await bea.send(group, "Eight o'clock");
        await app.sees("Eight o'clock");
        const known = id ?? (await until("the id", async () => (await bea.messages(group)).find((one) => one.content === "Eight o'clock")?.id));
        await bea.cli("edit", group, known, "Nine o'clock");
        await app.sees("Nine o'clock");
        await app.menu("Nine o'clock", "history");
        await until("both texts", async () => (await app.texts("revision")).length === 2);
        await app.keys("Escape");
        await app.gone("revision");
      },
      "M1: what was missed stands below the divider": async () => {
        // What came before is read, or it would be counted too.
        await app.gone("chat-unread");
        await app.newGroup("Elsewhere");
        for (const text of ["Missed one", "Missed two", "Missed three"]) await bea.send(group, text);
        await until("three unread", async () => (await app.texts("chat-unread")).some((text) => text.startsWith("3")));
        await open();
        assert.match(await app.text("unread-divider"), /3/u);
        await app.gone("chat-unread");
      },
      "words are found in the conversation and marked": async () => {
        await app.keys("Control", "Shift", "f");
        await app.type("conversation-search-field", "missed");
        await until("three hits", async () => /3$/u.test((await app.texts("conversation-search-count"))[0] ?? ""));
        await until("the marks", async () => (await app.script(() => document.querySelectorAll("[data-testid=message-text] mark").length)) === 3);
        await app.keys("Escape");
        await app.gone("conversation-search");
      },
      "M15: two messages are chosen and deleted for everybody": async () => {
        for (const text of ["Say it and regret", "Say it and regret it too"]) await app.say(text);
        await app.menu("Say it and regret", "select");
        await app.menu("Say it and regret it too", "select");
        await app.click("selection-delete");
        await app.click("confirm");
        await until("both to be gone", async () => !(await app.texts()).some((text) => text.startsWith("Say it")));
        await until("both deletions", async () => (await bea.messages(group)).filter((one) => one.kind === 5).length === 2);
      },
      "a chat is pinned and archived by keys, and comes back": async () => {
        await app.script((id) => document.querySelector(`[data-testid="chat-row"][data-chat="${id}"]`).focus(), group);
        await app.keys("Shift", "F10");
        await app.click("menu-pin");
        await until("the pinned chat first", () => app.script((id) => document.querySelector('[data-testid="chat-row"]').dataset.chat === id, group));
        await app.script((id) => document.querySelector(`[data-testid="chat-row"][data-chat="${id}"]`).focus(), group);
        await app.keys("Shift", "F10");
        await app.click("menu-archive");
        await app.gone("chat-row", `[data-chat="${group}"]`);
        await app.click("undo-button");
        await app.find("chat-row", `[data-chat="${group}"]`);
      },
      "the database is looked over, and everything in it is in order": async () => {
        await app.keys("Control", ",");
        await app.click("settings-page-data");
        await app.click("database-check");
        await app.find("database-state");
        assert.match(await app.text("database-state"), /in order/u);
        assert.match(await app.text("database-index"), /knows all/u);
        await app.click("dialog-close");
      },
      "after a restart the draft, its quote and the pin are there": async () => {
        await open();
        await app.focusMessage("Missed two");
        await app.keys("Control", "Shift", "r");
        await app.type("composer", "Half a sen");
        await until("the draft to be kept", async () => {
          await app.newGroup(`Between ${Date.now()}`);
          return (await app.texts("chat-draft")).length > 0;
        });
        await app.stop();
        await app.start();
        await open();
        await until("the draft", async () => (await app.value("composer")) === "Half a sen");
        assert.match(await app.text("composer-reply"), /Missed two/u);
        await until("the pinned chat first", () => app.script((id) => document.querySelector('[data-testid="chat-row"]').dataset.chat === id, group));
      },
    },
    close: () => app.stop(),
  };
}
