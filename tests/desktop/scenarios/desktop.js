// Owns the desktop around the window: what notifications give away and what their buttons do, the tray, links, the start with the session.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { launchesOnTheBus, pretendToEnd } from "../lib/ending.js";
import { built, run } from "../lib/programs.js";
import { openTray } from "../lib/tray.js";
import { until } from "../lib/wait.js";

export function desktop(house, show) {
  const app = house.app("desktop");
  const { recorder } = house;
  let bea;
  let group;
  let tray;
  let last;
  const settings = async (page, work) => {
    await app.click("settings-open");
    await app.click(`settings-page-${page}`);
    await work();
    await app.click("dialog-close");
  };
  /** What the recorder gets for a text that Bea sends. */
  const announced = async (text) => {
    const before = recorder.seen().length;
    await bea.send(group, text);
    return until(`a notification of ${text}`, () => recorder.seen()[before]);
  };
  const second = (...args) => run(built("murmel"), args, { env: app.env });
  return {
    scenarios: {
      "two people have a chat, and nobody looks at it": async () => {
        show(app);
        await app.begin("Anna");
        bea = await house.person("Bea");
        await app.newGroup("Marbles", [bea]);
        group = await bea.accept();
        await app.newGroup("Elsewhere");
      },
      "N3: each level of privacy gives away no more than it says": async () => {
        const levels = { name_and_text: /Marbles.*a secret 0/, name: /Marbles.*sent a message/, count: /^Murmel (A new message|\d+ new messages)$/ };
        for (const [nth, [level, expected]] of Object.entries(levels).entries()) {
          await settings("notifications", () => app.click(`shows-${level}`));
          const notice = await announced(`a secret ${nth}`);
          const said = `${notice.summary} ${notice.body}`;
          assert.match(said, expected);
          assert.equal(said.includes("secret"), level === "name_and_text", said);
          assert.equal(JSON.stringify(notice).includes("inline-reply"), level !== "count");
          assert.equal(notice.urgency, 1);
        }
        await settings("notifications", () => app.click("shows-off"));
        const before = recorder.seen().length;
        await bea.send(group, "unheard");
        await until("the message in the list", async () => (await app.text("chat-row", `[data-chat="${group}"]`)).includes("unheard"));
        await settings("notifications", () => app.click("shows-name_and_text"));
        last = await announced("heard again");
        assert.deepEqual(recorder.seen().slice(before), [last], "nothing but this");
      },
      "one chat has one notification": async () => {
        const again = await announced("and once more");
        assert.equal(again.replaces, last.id);
        last = again;
      },
      "N7: an answer in the notification is sent, and the chat is read": async () => {
        recorder.reply(last.id, "On my way");
        await bea.receives(group, "On my way");
        await until("the chat to be read", async () => !(await app.shows("chat-unread")));
      },
      "mark as read reads": async () => {
        last = await announced("nothing urgent");
        recorder.click(last.id, "mark-read");
        await until("the chat to be read", async () => !(await app.shows("chat-unread")));
      },
      "N2, N5: a click opens the chat at the message, and what is read there is taken back": async () => {
        last = await announced("look at this");
        await app.hide();
        recorder.click(last.id);
        await until("the window", async () => (await app.visible()) && (await app.focused()));
        await until("the chat", async () => (await app.text("chat-title")).includes("Marbles"));
        await until("the message to be pointed at", () => app.script(() => document.querySelector("[data-message].lit")?.textContent.includes("look at this") ?? false));
        await until("the light to go out", () => app.script(() => document.querySelector("[data-message].lit") === null));
        await app.script(() => {
          window.lit = 0;
          new MutationObserver(() => (window.lit += document.querySelectorAll("[data-message].lit").length)).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
        });
        for (const text of ["what comes next", "points at nothing"]) {
          await bea.send(group, text);
          await app.sees(text);
        }
        assert.equal(await app.script(() => window.lit), 0, "the click leads to its message once");
        await app.click("chat-row", ':not([aria-current])');
        last = await announced("read me in the window");
        await app.click("chat-row", `[data-chat="${group}"]`);
        await until("the notification to be taken back", () => recorder.closed().includes(last.id));
      },
      "a desktop that shows no notifications is said in the settings, once": async () => {
        await recorder.leave();
        await app.click("settings-open");
        await app.click("settings-page-notifications");
        await app.find("notification-server-missing");
        await recorder.comeBack();
        await app.gone("notification-server-missing");
        await app.click("dialog-close");
      },
      "a tray shows how much is unread, and brings the window back": async () => {
        tray = await openTray();
        await until("the icon", () => tray.count() > 0);
        await app.hide();
        await bea.send(group, "for the tray");
        await until("the number", async () => (await tray.title()).includes("unread"));
        assert.deepEqual(await tray.menu(), ["Show Murmel", "No notifications for an hour", "", "Quit"]);
        await tray.click();
        await until("the window", () => app.visible());
      },
      "notifications and the tray speak the language of the window": async () => {
        const choose = (language) => settings("appearance", async () => (await app.find("language")).selectByAttribute("value", language));
        await choose("nl");
        await until("the menu in Dutch", async () => (await tray.menu()).includes("Stoppen"));
        await app.click("chat-row", `:not([data-chat="${group}"])`);
        const notice = await announced("in het Nederlands");
        assert.deepEqual(notice.actions.filter((_, nth) => nth % 2 === 1), ["Openen", "Antwoorden", "Als gelezen markeren"]);
        await choose("en");
        await until("the menu in English", async () => (await tray.menu()).includes("Quit"));
      },
      "a link shows whom it names, in the window that is open": async () => {
        const done = await second(`nostr:${bea.npub}`);
        assert.equal(done.code, 0, done.stderr);
        assert.match(await app.text("person-card"), new RegExp(bea.npub.slice(0, 9)));
        assert.equal(app.pids().length, 1);
        await app.click("dialog-close");
      },
      "the switch of the start with the session shows what the system has": async () => {
        const entry = join(app.env.HOME, ".config", "autostart", "chat.murmel.desktop.desktop");
        await settings("advanced", () => app.click("autostart"));
        await until("the file", () => existsSync(entry));
        const exec = /^Exec=(.*)$/m.exec(readFileSync(entry, "utf8"))[1];
        assert.equal(exec, `"${built("murmel")}" --minimized`);
        await settings("advanced", () => app.click("autostart"));
        await until("the file to be gone", () => !existsSync(entry));
      },
      "a launch that finds one which is just ending opens the window itself": async () => {
        const [name] = await launchesOnTheBus();
        await app.stop();
        await until("the name to be free", async () => !(await launchesOnTheBus()).includes(name));
        const ending = await pretendToEnd(name);
        await app.start();
        await app.find("main");
        assert.equal(ending.asked(), 1);
        assert.deepEqual(await launchesOnTheBus(), [name]);
      },
    },
    async close() {
      tray?.stop();
      await app.stop();
    },
  };
}
