// Owns the main scenario: two people and then three, from the window to the wire and back.
import assert from "node:assert/strict";
import { until } from "../lib/wait.js";

export function conversation(house, show) {
  const app = house.app("window");
  let bea;
  let carl;
  let group;
  const invite = async (person) => {
    await app.click("details-open");
    await app.choose("invite-person", person);
    await app.click("invite");
    await app.find("member-row", `[data-pubkey="${person.pubkey}"]`);
  };
  const notification = (text) => until("the notification", () => house.recorder.seen().find((one) => one.body.includes(text)));
  return {
    scenarios: {
      "the first run creates an identity": async () => {
        show(app);
        await app.begin("Anna");
      },
      "a group is made in the window with somebody at a terminal": async () => {
        bea = await house.person("Bea");
        await app.newGroup("Marbles", [bea]);
        group = await bea.accept();
        await app.find("chat-row", `[data-chat="${group}"]`);
      },
      "messages go both ways and are seen": async () => {
        await app.say("Hello from the window");
        const message = await bea.receives(group, "Hello from the window");
        assert.equal(message.kind, 9);
        await bea.send(group, "Hello from the terminal");
        await app.sees("Hello from the terminal");
        await bea.send(group, "And an answer", "--reply", message.id);
        await app.sees("And an answer");
        assert.match(await app.text("message-quote"), /Hello from the window/);
      },
      "markup in a message is shown as text": async () => {
        const text = '<img src=x onerror="document.title=1"><b>bold</b> &amp; https://example.org';
        await bea.send(group, text);
        await app.sees(text);
        // Nothing but the elements of the window's own: lines, marks, and an address that opens on a click.
        const strange = await app.script(() => document.querySelectorAll('[data-testid="message-text"] :not(p, strong, em, button)').length);
        assert.equal(strange, 0);
        assert.notEqual(await app.script(() => document.title), "1");
      },
      "a message is answered with an emoji, changed and deleted": async () => {
        await app.say("Seen by Bea");
        const { id } = await bea.receives(group, "Seen by Bea");
        await bea.cli("react", group, id, "🎉");
        await until("the emoji of Bea", async () => (await app.texts("reaction")).some((text) => text.startsWith("🎉")));
        await app.keys("ArrowUp");
        await until("the message in the composer", async () => (await app.value("composer")) === "Seen by Bea");
        await app.type("composer", "Said better");
        await app.keys("Enter");
        await app.sees("Said better");
        await until("the change at the terminal", async () => (await bea.messages(group)).some((one) => one.kind === 1009 && one.content === "Said better"));
        await app.menu("Said better", "delete");
        await app.click("confirm");
        await until("the message to be gone", async () => !(await app.texts()).includes("Said better"));
        await until("the deletion at the terminal", async () => (await bea.messages(group)).some((one) => one.kind === 5));
      },
      "words are found again": async () => {
        await app.type("search", "terminal");
        await app.click("found-message");
        await app.sees("Hello from the terminal");
        await app.click("search-clear");
      },
      "what was typed is there after the chat was left": async () => {
        await app.type("composer", "Not finished");
        await app.newGroup("Between");
        await app.click("chat-row", `[data-chat="${group}"]`);
        await until("the draft", async () => (await app.value("composer")) === "Not finished");
        await app.say("Finished now");
      },
      "a third person is added": async () => {
        carl = await house.person("Carl");
        await invite(carl);
        assert.equal(await carl.accept(), group);
        await app.say("Welcome, Carl");
        await carl.receives(group, "Welcome, Carl");
        await bea.receives(group, "Welcome, Carl");
        await carl.send(group, "Thank you");
        await app.sees("Thank you");
        await bea.receives(group, "Thank you");
      },
      "a member is removed and hears no more": async () => {
        const row = `[data-pubkey="${carl.pubkey}"]`;
        if (!(await app.shows("details"))) await app.click("details-open");
        await (await (await app.find("member-row", row)).$('[data-testid="member-open"]')).click();
        await app.click("member-remove");
        await app.click("confirm");
        await app.gone("member-row", row);
        await app.say("Only the two of us");
        await bea.receives(group, "Only the two of us");
        await until("Carl to know", async () => (await carl.cli("group", "list")).groups[0]?.state === "removed");
        const heard = (await carl.cli("messages", group)).messages.map((message) => message.content);
        assert.ok(heard.includes("Thank you"));
        assert.ok(!heard.includes("Only the two of us"));
      },
      "a notification tells of a message while nobody looks, and its click shows the window": async () => {
        assert.deepEqual(house.recorder.seen(), [], "the chat was open in a focused window all the time");
        await app.click("details-close");
        await app.hide();
        await bea.send(group, "Are you there? <b>1 & 2</b>");
        const notice = await notification("Are you there?");
        assert.match(`${notice.summary} ${notice.body}`, /Bea|npub1|Marbles/);
        assert.ok(notice.body.includes("&lt;b&gt;1 &amp; 2&lt;/b&gt;"), notice.body);
        assert.deepEqual(notice.actions, ["default", "Open", "inline-reply", "Reply", "mark-read", "Mark as read"]);
        house.recorder.click(notice.id);
        await until("the window", async () => (await app.visible()) && (await app.focused()));
        await app.sees("Are you there? <b>1 & 2</b>");
      },
      "a click on a notification of another chat opens that chat": async () => {
        await app.newGroup("Notes");
        await bea.send(group, "Over here");
        house.recorder.click((await notification("Over here")).id);
        await until("the chat", async () => (await app.text("chat-title")).includes("Marbles"));
        await app.sees("Over here");
      },
      "a setting keeps what was written out of the notifications": async () => {
        await app.click("settings-open");
        await app.click("settings-page-notifications");
        await app.click("shows-count");
        await app.click("dialog-close");
        await app.newGroup("Elsewhere");
        const before = house.recorder.seen().length;
        await bea.send(group, "A secret about marbles");
        const notice = await until("the notification", () => house.recorder.seen()[before]);
        assert.doesNotMatch(`${notice.summary} ${notice.body}`, /secret|Bea|npub1/);
      },
      "kill -9: everything is there and goes on": async () => {
        await app.kill();
        await bea.send(group, "While you were away");
        await app.start();
        await app.click("chat-row", `[data-chat="${group}"]`);
        for (const text of ["Hello from the window", "Hello from the terminal", "Only the two of us", "While you were away"]) await app.sees(text);
        await app.say("Back again");
        await bea.receives(group, "Back again");
        // What was deleted, and what deletes, has no text.
        const contents = (await bea.cli("messages", group)).messages.map((message) => message.content).filter((text) => text !== "");
        assert.equal(new Set(contents).size, contents.length, "a message is there twice");
      },
    },
    close: () => app.stop(),
  };
}
