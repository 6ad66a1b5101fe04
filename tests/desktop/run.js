// Owns a run: a D-Bus session, a display and a home of its own, then the scenarios or the pictures.
// Never runs on the desktop of whoever starts it.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { bench } from "./bench.js";
import { openHouse } from "./lib/house.js";
import { openPages } from "./lib/pages.js";
import { target, tool } from "./lib/programs.js";
import { runSuites } from "./lib/report.js";
import { layout } from "./pages/layout.js";
import { sight } from "./pages/sight.js";
import { timeline } from "./pages/timeline.js";
import { conversation } from "./scenarios/conversation.js";
import { daily } from "./scenarios/daily.js";
import { desktop } from "./scenarios/desktop.js";
import { identity } from "./scenarios/identity.js";
import { lifeCycle } from "./scenarios/life-cycle.js";
import { installed } from "./scenarios/package.js";
import { sealed } from "./scenarios/sealed.js";
import { tryIt } from "./scenarios/try-it.js";
import { updates } from "./scenarios/updates.js";
import { vault } from "./scenarios/vault.js";
import { shots } from "./shots.js";

const INSIDE = "MURMEL_DESKTOP_INSIDE";
const here = process.env.INIT_CWD ?? process.cwd();
const [what = "all", ...rest] = process.argv.slice(2);

if (process.env[INSIDE] === undefined) {
  const inner = [process.execPath, ...process.argv.slice(1)];
  const display = ["-a", "-s", "-screen 0 1280x900x24"];
  // What the session's own programs say on standard error is of no interest; what the tests say goes to standard output.
  const stdio = ["ignore", "inherit", process.env.MURMEL_TEST_VERBOSE ? "inherit" : "ignore"];
  const outer = spawnSync(tool("xvfb-run"), [...display, tool("dbus-run-session"), "--", ...inner], { stdio, env: { ...process.env, [INSIDE]: "1" } });
  process.exit(outer.status ?? 1);
}

/** A suite that needs no backend: the pages alone, with invented people. They are built and served once. */
let pages = null;
function inPages(suite) {
  return (house, show) => {
    let page = null;
    const start = async () => {
      pages ??= await openPages(house.env);
      if (page === null) {
        page = await pages.page();
        await page.open("fake=ready");
        await page.room(1080, 720);
      }
      show(page);
    };
    const scenarios = Object.entries(suite(() => page, (options) => pages.page(options))).map(([name, act]) => [name, () => start().then(act)]);
    return { scenarios: Object.fromEntries(scenarios), independent: true, close: () => page?.stop() };
  };
}

const house = await openHouse();
let failed = 0;
try {
  if (what === "shots") {
    if (rest[0] === undefined) throw new Error("name the folder for the pictures: npm run shots -- DIR");
    await shots(house, resolve(here, rest[0]));
  } else if (what === "bench") {
    if (rest[0] === undefined) throw new Error("name the file for the rows: npm run bench -- FILE");
    await bench(house, resolve(here, rest[0]));
  } else {
    const suites = { sealed, conversation, daily, desktop, identity, "life-cycle": lifeCycle, "try-it": tryIt, updates, vault, timeline: inPages(timeline), layout: inPages(layout), sight: inPages(sight) };
    // Only of a package that was installed for it: `npm test -- package` with MURMEL_APP and MURMEL_DEB.
    if (what === "package") suites.package = installed;
    const chosen = Object.entries(suites).filter(([name]) => what === "all" || what === name);
    if (chosen.length === 0) throw new Error(`no suite is called ${what}; there are ${Object.keys(suites).join(", ")}`);
    const pictures = join(target, "desktop-failures");
    mkdirSync(pictures, { recursive: true });
    let last = null;
    const made = chosen.map(([name, suite]) => ({ name, ...suite(house, (app) => (last = app)) }));
    const report = await runSuites(made, { onfail: (name) => last?.picture(join(pictures, `${name.replaceAll(/\W+/g, "-")}.png`)) ?? Promise.resolve() });
    failed = report.failed;
  }
} catch (error) {
  console.log(error);
  failed += 1;
} finally {
  await pages?.close();
  await house.close();
}
process.exit(failed === 0 ? 0 : 1);
