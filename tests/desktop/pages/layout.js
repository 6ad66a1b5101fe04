// Owns how the panes share the window, down to 400 px and in both directions: UX L1 to L7.
import assert from "node:assert/strict";
import { SCREENS, show } from "../gallery.js";
import { until } from "../lib/wait.js";

const NARROW = [400, 720];
const shown = (page, selector) => page.script((wanted) => { const one = document.querySelector(wanted); return one !== null && one.getBoundingClientRect().width > 0; }, selector);

/** What reaches out of the window sideways, or out of the dialog that it is in, and words that reach over what stands beside them. */
const outside = (page) =>
  page.script(() => {
    const top = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
    const frame = top.getBoundingClientRect();
    const hidden = (one) => one.closest(".sr-only, [hidden]") !== null || getComputedStyle(one).visibility === "hidden";
    // What a person can scroll to sideways is not lost.
    const scrolls = (one) => one !== null && one !== top && (/auto|scroll/u.test(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth && one.tagName !== "DIV" ? true : scrolls(one.parentElement));
    const spills = (one) => ["P", "H1", "H2", "H3"].includes(one.tagName) && getComputedStyle(one).overflowX === "visible" && one.scrollWidth > one.clientWidth + 1;
    return [...top.querySelectorAll("button, input, textarea, select, a, h1, h2, h3, p")]
      .filter((one) => one.getBoundingClientRect().width > 0 && !hidden(one))
      .filter((one) => one.getBoundingClientRect().left < frame.left - 1 || one.getBoundingClientRect().right > frame.right + 1 || spills(one))
      .filter((one) => !scrolls(one.parentElement))
      .map((one) => `${one.tagName.toLowerCase()} ${one.dataset.testid ?? one.className}: ${one.textContent.trim().slice(0, 40)}`);
  });

export function layout(page, another) {
  let small;
  const narrow = async () => {
    small ??= await another({ narrow: true });
    await small.open("fake=ready&open=0");
    await small.room(...NARROW);
    return small;
  };
  const every = async (more) => {
    const page = await narrow();
    const lost = [];
    for (const screen of SCREENS) {
      await show(page, screen, more);
      for (const one of await outside(page)) lost.push(`${screen[0]}: ${one}`);
    }
    await page.script(() => localStorage.clear());
    assert.deepEqual(lost, []);
  };
  return {
    "L1: rail, list and conversation stand side by side, and Ctrl+. opens the details on the right": async () => {
      await page().open("fake=ready&open=0");
      await page().find("composer");
      for (const pane of ["rail", "timeline", "details-open"]) assert.ok(await shown(page(), `[data-testid="${pane}"]`), pane);
      await page().keys("Control", ".");
      const details = await page().find("details");
      assert.ok((await details.getLocation()).x > 600);
      await page().keys("Control", ".");
      await page().gone("details");
    },
    "L2: the width of the list is dragged, by keys too, and is there at the next start": async () => {
      await page().open("fake=ready&open=0");
      const width = () => page().script(() => Math.round(document.querySelector('[data-stop="list"]').getBoundingClientRect().width));
      const before = await width();
      await page().script(() => document.querySelector('[data-testid="splitter"]').focus());
      for (let press = 0; press < 4; press += 1) await page().keys("ArrowRight");
      await until("a wider list", async () => (await width()) > before);
      const wider = await width();
      await page().open("fake=ready&open=0");
      await until("the same width", async () => (await width()) === wider);
      await page().script(() => localStorage.clear());
    },
    "L3: below 700 px there is one pane, and Back leads to the list": async () => {
      const page = await narrow();
      await page.find("composer");
      // The window has just become this narrow.
      await until("one pane", async () => !(await shown(page, '[data-testid="chat-row"]')));
      // Pressed on the page: the driver's pointer knows nothing of a page that is drawn larger.
      const press = (id) => page.script((name) => document.querySelector(`[data-testid="${name}"]`).click(), id);
      await press("details-open");
      await page.find("details");
      assert.equal(await shown(page, '[data-testid="composer"]'), false);
      await press("details-close");
      await page.find("composer");
      await press("back");
      await page.find("chat-row");
    },
    "L3: where the pages of the settings stand in a row, the chosen one is in sight": async () => {
      const page = await narrow();
      await page.open("fake=ready&dialog=settings&page=about");
      await page.find("settings");
      await until("the page in sight", () =>
        page.script(() => {
          const [chosen, row] = ["nav [aria-current]", "nav:has([aria-current])"].map((one) => document.querySelector(`[data-testid="settings"] ${one}`).getBoundingClientRect());
          return chosen.left >= row.left && chosen.right <= row.right + 1;
        }),
      );
    },
    "L3: at 400 px nothing is out of reach, on any screen": () => every(""),
    "L7: the size of everything is changed by keys and kept": async () => {
      await page().open("fake=ready&open=0");
      await page().find("composer");
      await page().keys("Control", "-");
      const zoom = () => page().script(() => JSON.parse(localStorage.getItem("murmel.look") ?? "{}").zoom);
      await until("a smaller size", async () => (await zoom()) === 0.9);
      await page().open("fake=ready&open=0");
      assert.equal(await zoom(), 0.9);
      await page().keys("Control", "0");
      await until("the usual size", async () => (await zoom()) === 1);
      await page().script(() => localStorage.clear());
    },
    "words a third longer fit on every screen": () => every("&language=pseudo"),
    "written from right to left, everything is there, on every screen": () => every("&language=pseudo-rtl"),
    "the page goes on from right to left in the wide window too": async () => {
      await page().open("fake=ready&open=0&details&language=pseudo-rtl");
      await page().find("details");
      const left = (pane) => page().script((one) => document.querySelector(one).getBoundingClientRect().left, pane);
      assert.ok((await left('[data-stop="rail"]')) > (await left('[data-stop="list"]')));
      assert.ok((await left('[data-stop="list"]')) > (await left('[data-testid="timeline"]')));
      assert.ok((await left('[data-testid="timeline"]')) > (await left('[data-testid="details"]')));
      await page().script(() => localStorage.clear());
    },
  };
}
