// Owns what can be judged only where colours are drawn: contrast, sizes, focus, on every screen, light and dark.
import assert from "node:assert/strict";
import { SCREENS, show } from "../gallery.js";
import { until } from "../lib/wait.js";

export function sight(page) {
  /** Everything in light colours, and in dark ones what depends on them. */
  const judged = async (screens, more = "") => {
    const found = [];
    for (const screen of screens) {
      await show(page(), screen, more);
      for (const theme of ["light", "dark"]) {
        await page().script((name) => void (document.documentElement.dataset.theme = name), theme);
        const said = await page().script((only) => murmel.axe(only), theme === "light" ? null : ["color-contrast"]);
        for (const one of said) found.push(`${screen[0]}, ${theme}: ${one}`);
      }
    }
    await page().script(() => localStorage.clear());
    assert.deepEqual(found, []);
  };
  return {
    "axe finds nothing serious on any screen, in light and dark colours": () => judged(SCREENS),
    "axe finds nothing serious with more contrast": () => judged(SCREENS.filter(([name]) => /^(conversation|details|search)$/u.test(name)), "&contrast=more"),
    "R4: a letter typed anywhere is in the composer": async () => {
      await page().open("fake=ready&open=0");
      await page().find("composer");
      await page().script(() => document.querySelector('[data-testid="details-open"]').focus());
      await page().keys("x");
      await until("the letter", async () => (await page().value("composer")) === "x");
    },
    "R5: every dialog gives the focus back, after Esc too": async () => {
      await page().open("fake=ready&open=0");
      for (const opener of ["new-group", "settings-open", "keys-open", "account-add"]) {
        await page().script((id) => document.querySelector(`[data-testid="${id}"]`).focus(), opener);
        await page().keys("Enter");
        await page().find("dialog-close");
        await page().keys("Escape");
        await page().gone("dialog-close");
        assert.equal(await page().focus(), opener);
      }
    },
    "F6 goes through rail, list, timeline and composer, and each shows that it has the focus": async () => {
      await page().open("fake=ready&open=0");
      await page().find("composer");
      const seen = [];
      for (let press = 0; press < 4; press += 1) {
        await page().keys("F6");
        seen.push(await page().script(() => [document.activeElement.closest("[data-stop]")?.dataset.stop ?? document.activeElement.dataset.testid, getComputedStyle(document.activeElement).outlineStyle]));
      }
      assert.deepEqual(seen.map(([place]) => place), ["rail", "list", "timeline", "composer"]);
      for (const [place, outline] of seen) assert.equal(outline, "solid", place);
    },
    "with less motion nothing moves by itself": async () => {
      await page().open("fake=ready&open=0&motion=less");
      await page().find("message");
      const longest = await page().script(() => Math.max(...[...document.querySelectorAll("*")].map((one) => Number.parseFloat(getComputedStyle(one).transitionDuration) || 0)));
      assert.ok(longest < 0.01, `${longest} s`);
      await page().script(() => localStorage.clear());
    },
    "nothing is loaded from the network": async () => {
      await page().open("fake=ready&open=0");
      await page().find("message");
      const hosts = await page().script(() => [...new Set(performance.getEntriesByType("resource").map((one) => new URL(one.name).host))]);
      assert.deepEqual(hosts, [new URL(page().url).host]);
    },
  };
}
