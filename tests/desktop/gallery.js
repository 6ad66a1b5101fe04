// Owns the list of screens with invented people in them: how each is reached, for pictures and for checks of every one.
// Never judges what is on them.
import { until } from "./lib/wait.js";

const press = (page, id) => page.script((name) => document.querySelector(`[data-testid="${name}"]`)?.click(), id);
const app = (page, body) => page.script(`const { app, backend } = murmel; ${body}`);
const message = (page, words, act) =>
  page.script(
    (text, what) => {
      const row = [...document.querySelectorAll('[data-testid="message"]')].findLast((one) => one.textContent.includes(text));
      row?.focus();
      row?.querySelector(`[data-testid="${what}"]`)?.click();
    },
    words,
    act,
  );

/** A name, the query of the address, and what is done then. */
export const SCREENS = [
  ["first-run", "fake=first-run"],
  ["first-run-existing", "fake=first-run", async (page) => press(page, "first-run-existing")],
  ["first-run-vault", "fake=vault"],
  ["locked", "fake=locked"],
  ["key-unavailable", "fake=unavailable"],
  ["empty", "fake=empty"],
  ["set-up", "fake=setup"],
  ["try-it", "fake=try&open=0"],
  ["accounts", "fake=accounts&open=0"],
  ["conversation", "fake=ready&open=0"],
  ["conversation-unread", "fake=many&open=0", async (page) => app(page, "app.open(null); for (let at = 0; at < 14; at += 1) backend.receive(app.state.chats[0].id, `Message ${at + 1} of those you missed`); app.open(app.state.chats[0].id)")],
  ["conversation-failed", "fake=ready&open=1"],
  ["conversation-left", "fake=ready&open=3"],
  ["details", "fake=ready&open=0&details"],
  ["message-menu", "fake=ready&open=0", async (page) => message(page, "See you on platform", "message-more")],
  ["emoji", "fake=ready&open=0", async (page) => press(page, "composer-emoji")],
  ["reply", "fake=ready&open=0", async (page) => message(page, "See you on platform", "message-reply")],
  ["selection", "fake=ready&open=0", async (page) => app(page, "for (const one of app.state.timeline.messages.slice(-4, -1)) app.select(one.id)")],
  ["message-details", "fake=ready&open=0", async (page) => app(page, "app.deliveryOf = app.state.timeline.messages.findLast((one) => one.mine).id")],
  ["delete", "fake=ready&open=0", async (page) => app(page, "app.deleting = app.state.timeline.messages.slice(-1)")],
  ["link", "fake=ready&open=0", async (page) => app(page, 'app.link = { href: "https://harbour.example/forecast/north-shore", host: "harbour.example" }')],
  [
    "search-conversation",
    "fake=ready&open=0",
    async (page) => {
      await press(page, "conversation-search-open");
      await page.type("conversation-search-field", "train");
      await until("the hits", async () => (await page.text("conversation-search-count")) !== "");
    },
  ],
  ["search", "fake=ready&open=0&search=train"],
  ["new-group", "fake=ready&dialog=new-group"],
  ["jump", "fake=ready&open=0&dialog=jump"],
  ["shortcuts", "fake=ready&open=0&dialog=shortcuts"],
  ["profile", "fake=ready&open=0&dialog=profile"],
  ["add-account", "fake=ready&dialog=add-account"],
  ["person", "fake=ready&open=0", async (page) => app(page, "app.personOf = app.state.group.members[1].npub")],
  ["log-out", "fake=ready&open=0", async (page) => app(page, "app.loggingOut = app.state.current")],
  ["components", "fake=empty&components"],
  ...["accounts", "appearance", "chats", "notifications", "privacy", "data", "network", "security", "advanced", "about"].map((page) => [`settings-${page}`, `fake=ready&dialog=settings&page=${page}`]),
  ["settings-about-update", "fake=ready&dialog=settings&page=about&updates=available"],
  ["update-news", "fake=ready&open=0&updates=available"],
];

/** Opens a screen and waits until it is at rest. */
export async function show(page, [, query, act], more = "") {
  await page.open(`${query}${more}`);
  await until("the first pane", () => page.script(() => document.querySelector("main, [data-testid=main]") !== null));
  if (query.includes("open=")) await until("the conversation", () => page.script(() => document.querySelector("[data-composer]") !== null && murmel.app.state.timeline !== null));
  await act?.(page);
  await page.script(async () => {
    await document.fonts.ready;
    for (let frame = 0; frame < 6; frame += 1) await new Promise(requestAnimationFrame);
  });
}
