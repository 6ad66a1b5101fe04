// Owns what scrolling through a conversation is like: UX M1 to M15, in the web view that draws it.
import assert from "node:assert/strict";
import { scrollThrough } from "../lib/scrolling.js";
import { until } from "../lib/wait.js";

/** Runs in the page, with the app and what is invented. */
const inside = (page, body, ...args) => page.script(`const { app, backend } = murmel; const chat = app.state.chats[0].id; ${body}`, ...args);
const rest = (page) => page.script(async () => { for (let frame = 0; frame < 8; frame += 1) await new Promise(requestAnimationFrame); });
const scrollBy = async (page, by) => {
  await page.script((pixels) => (document.querySelector('[data-testid="timeline"]').scrollTop += pixels), by);
  await rest(page);
};
const fromEnd = (page) => page.script(() => { const one = document.querySelector('[data-testid="timeline"]'); return one.scrollHeight - one.scrollTop - one.clientHeight; });
/** The first message that can be seen, and where it is. */
const firstSeen = (page) =>
  page.script(() => {
    const edge = document.querySelector('[data-testid="timeline"]').getBoundingClientRect();
    const row = [...document.querySelectorAll("[data-message]")].find((one) => one.getBoundingClientRect().top >= edge.top);
    return { id: row.dataset.message, top: Math.round(row.getBoundingClientRect().top) };
  });
const topOf = (page, id) => page.script((one) => Math.round(document.querySelector(`[data-message="${one}"]`)?.getBoundingClientRect().top ?? -9_999), id);
const inView = (page, id) => page.script((one) => { const box = document.querySelector(`[data-testid="${one}"]`)?.getBoundingClientRect(); return box !== undefined && box.top >= 0 && box.bottom <= innerHeight; }, id);
const receive = (page, ...texts) => inside(page, "for (const text of arguments[0]) backend.receive(chat, text);", texts);

export function timeline(page) {
  const open = async (query = "fake=ready&messages=400&open=0") => {
    await page().open(query);
    await page().find("message");
    await rest(page());
  };
  const leave = () => inside(page(), "app.open(app.state.chats[1].id)").then(() => rest(page()));
  const comeBack = () => inside(page(), 'app.open("a1".repeat(16))').then(() => rest(page()));
  const missed = (many) => Array.from({ length: many }, (_, at) => `Missed ${at + 1}`);
  return {
    "M1: a conversation with unread messages opens at the divider, which keeps its count until one leaves": async () => {
      await open();
      await leave();
      await inside(page(), 'for (const text of arguments[0]) backend.receive("a1".repeat(16), text);', missed(30));
      await comeBack();
      assert.ok(await inView(page(), "unread-divider"));
      assert.match(await page().text("unread-divider"), /30/);
      await receive(page(), "One more");
      await rest(page());
      assert.match(await page().text("unread-divider"), /30/);
    },
    "M2: without unread messages it opens where it was left": async () => {
      await open();
      await scrollBy(page(), -1_500);
      const before = await firstSeen(page());
      await leave();
      await comeBack();
      await until("the place", async () => Math.abs((await topOf(page(), before.id)) - before.top) <= 2);
    },
    "M3: at the end it follows, elsewhere the view does not move": async () => {
      await open();
      assert.ok((await fromEnd(page())) <= 15);
      await receive(page(), "Followed", "And this too");
      await rest(page());
      assert.ok((await fromEnd(page())) <= 15);
      await scrollBy(page(), -600);
      const before = await firstSeen(page());
      await receive(page(), "Not followed");
      await rest(page());
      assert.deepEqual(await firstSeen(page()), before);
    },
    "M3: who scrolls while the end is still being laid out is not taken back to it": async () => {
      await open();
      const away = await page().script(async () => {
        const { app, backend } = murmel;
        const scroller = document.querySelector('[data-testid="timeline"]');
        const frame = () => new Promise(requestAnimationFrame);
        backend.receive(app.state.chats[0].id, "Just now");
        while (!scroller.textContent.includes("Just now")) await frame();
        scroller.scrollTop -= 3_000;
        for (let at = 0; at < 30; at += 1) await frame();
        return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
      });
      assert.ok(away > 1_000, `${away} pixels from the end`);
    },
    "M6: who scrolls right after a jump is not taken back to where it led": async () => {
      await open();
      const away = await page().script(async () => {
        const { app } = murmel;
        const scroller = document.querySelector('[data-testid="timeline"]');
        const frame = () => new Promise(requestAnimationFrame);
        const target = () => document.querySelector('[data-message="10100"]')?.getBoundingClientRect().top ?? null;
        await app.goTo(app.state.chats[0].id, 10_100);
        while (document.querySelector(".lit") === null) await frame();
        scroller.scrollTop -= 3_000;
        for (let at = 0; at < 30; at += 1) await frame();
        return target();
      });
      assert.ok(away === null || away > 1_000, `it is ${away} pixels down`);
    },
    "M4: with more than 8 messages below there is a button; it goes to the divider first, then to the end": async () => {
      await open();
      assert.equal(await page().shows("jump-newest"), false);
      await leave();
      await inside(page(), 'for (const text of arguments[0]) backend.receive("a1".repeat(16), text);', missed(30));
      await comeBack();
      await scrollBy(page(), -2_500);
      assert.equal(await inView(page(), "unread-divider"), false);
      await page().click("jump-newest");
      await until("the divider", () => inView(page(), "unread-divider"));
      await page().click("jump-newest");
      await until("the end", async () => (await fromEnd(page())) <= 15);
      await page().gone("jump-newest");
    },
    "M5: unread mentions have a button of their own": async () => {
      await open();
      await inside(
        page(),
        `const row = app.state.chats[0];
         backend.unreadMentions = async () => [10_050];
         backend.emit({ type: "chat", chat: { ...row, mentions: 1 } });`,
      );
      await page().click("jump-mention");
      await until("the mention", () => page().shows("message", '[data-message="10050"]'));
    },
    "M6: after a quote was followed, one comes back to where one was": async () => {
      await open();
      // How far above the end a quote stands depends on how many days part what is between.
      const quote = await until("a message with a quote", async () => {
        await scrollBy(page(), -300);
        return page().script(() => document.querySelector('[data-testid="message-quote"]:not(:disabled)')?.closest("[data-message]").dataset.message);
      });
      await page().script((id) => document.querySelector(`[data-message="${id}"]`).scrollIntoView({ block: "center" }), quote);
      await rest(page());
      await page().script((id) => document.querySelector(`[data-message="${id}"] [data-testid="message-quote"]`).click(), quote);
      await page().click("jump-back");
      await until("the message with the quote", async () => (await topOf(page(), quote)) > 0);
      await page().gone("jump-back");
    },
    "M8: sending scrolls to what was sent": async () => {
      await open();
      await scrollBy(page(), -3_000);
      await page().type("composer", "Here I am");
      await page().click("send");
      await page().sees("Here I am");
      await until("the end", async () => (await fromEnd(page())) <= 15);
    },
    "M9: days part the messages, and while one scrolls the day floats over them": async () => {
      await open("fake=ready&open=0");
      await until("the day while one scrolls", async () => {
        await scrollBy(page(), -90);
        return page().shows("floating-day");
      });
      assert.ok(await page().shows("day"));
      await page().gone("floating-day");
    },
    "M10: 100,000 messages scroll without a jump or a blank, and only few of them are in the page": async () => {
      await open("fake=ready&messages=100000&open=0");
      const smooth = async (steps, by) => {
        const said = await scrollThrough(page(), steps, by);
        assert.deepEqual({ blanks: said.blanks, jumps: said.jumps }, { blanks: 0, jumps: [] });
        assert.ok(said.elements < 1_200, `${said.elements} elements`);
        assert.ok(said.seen > steps * 3, `${said.seen} messages in ${steps} steps`);
      };
      await smooth(60, -480);
      await smooth(30, 480);
      for (const message of [60_000, 20_000]) {
        await inside(page(), "app.goTo(chat, arguments[0])", message);
        await until("the message far away", () => page().shows("message", `[data-message="${message}"]`));
        await rest(page());
        await smooth(30, -480);
        await smooth(45, 480);
      }
      const held = await inside(page(), "return app.state.timeline.messages.length");
      assert.ok(held <= 1_600, `${held} messages are held`);
    },
    "M11: an emoji, a change and a late arrival above move nothing that is read": async () => {
      await open();
      await scrollBy(page(), -1_200);
      const before = await firstSeen(page());
      await inside(page(), "await backend.react(Number(arguments[0]) - 6, '🎉'); await backend.edit(Number(arguments[0]) - 8, 'Longer than before. '.repeat(30));", before.id);
      await rest(page());
      assert.deepEqual(await firstSeen(page()), before);
      await inside(
        page(),
        `const at = app.state.timeline.messages.findIndex((one) => one.id === Number(arguments[0])) - 5;
         const one = app.state.timeline.messages[at];
         backend.emit({ type: "message", message: { ...one, id: 777_777, cursor: { ...one.cursor, seq: one.cursor.seq + 0.5 }, received_at: one.at + 900_000 } });`,
        before.id,
      );
      await rest(page());
      assert.deepEqual(await firstSeen(page()), before);
    },
    "L6: Esc in the timeline marks everything read and goes to the newest, Esc in the list closes the conversation": async () => {
      await open();
      await leave();
      await inside(page(), 'for (const text of arguments[0]) backend.receive("a1".repeat(16), text);', missed(30));
      await comeBack();
      await page().script(() => document.querySelector('[data-testid="timeline"]').focus());
      await page().keys("Escape");
      await until("the end", async () => (await fromEnd(page())) <= 15);
      assert.equal(await inside(page(), "return app.state.chats.find((one) => one.id === 'a1'.repeat(16)).unread"), 0);
      await page().script(() => document.querySelector('[data-testid="chat-row"][aria-current]').focus());
      await page().keys("Escape");
      await page().gone("composer");
    },
    "words that are searched for in the conversation are marked, and Enter goes to the older ones": async () => {
      await open("fake=ready&open=0");
      await page().keys("Control", "Shift", "f");
      await page().type("conversation-search-field", "train");
      await until("the count", async () => /^1 /u.test((await page().texts("conversation-search-count"))[0] ?? ""));
      assert.ok((await page().script(() => [...document.querySelectorAll("mark")].map((one) => one.textContent.toLowerCase()))).every((one) => one === "train"));
      const lit = () => inside(page(), "return app.state.target.message");
      const first = await lit();
      await page().keys("Enter");
      await until("an older one", async () => (await lit()) < first);
    },
    "M13: the arrows move between messages": async () => {
      await open();
      await page().script(() => document.querySelector('[data-testid="timeline"]').focus());
      const focused = () => page().script(() => document.activeElement?.dataset.message ?? null);
      await page().keys("ArrowUp");
      const first = await until("a message with the focus", focused);
      await page().keys("ArrowUp");
      await until("the one before", async () => Number(await focused()) === Number(first) - 1);
      await page().keys("ArrowDown");
      await until("the first again", async () => (await focused()) === first);
    },
    "M14: what arrives is announced, what is fetched is not": async () => {
      await open();
      await receive(page(), "Read this out");
      await until("the announcement", async () => /Mara Okafor.*Read this out/u.test(await page().script(() => document.querySelector('[data-testid="announcer"]').textContent)));
      await scrollBy(page(), -4_000);
      assert.match(await page().script(() => document.querySelector('[data-testid="announcer"]').textContent), /Read this out/u);
    },
    "M15: several messages are chosen by a click, a click with Shift takes all between, and all are deleted after one question": async () => {
      await open();
      await page().menu("See you on platform 4 tomorrow. Bring a jumper!", "select");
      await page().script(() => {
        const rows = [...document.querySelectorAll('[data-testid="message"]')];
        rows.at(-4).dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey: true }));
      });
      await until("four of them", async () => /4/u.test(await page().text("selection")));
      await page().click("selection-delete");
      await page().click("confirm");
      await page().gone("selection");
      assert.equal(await inside(page(), "return backend.calls.filter(([name]) => name === 'deleteMessage').length"), 4);
    },
  };
}
