// Owns the window's pages with invented people behind them, in the web view that the window has on this system.
// Never starts the app: what the backend does is shown by the other suites.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { drive, freePort, listens } from "./driver.js";
import { target, tool } from "./programs.js";
import { Screen } from "./screen.js";
import { until } from "./wait.js";

const ui = resolve(import.meta.dirname, "../../../ui");
const vite = join(ui, "node_modules/vite/bin/vite.js");
const bundle = join(target, "look");
/** A bare window with the same web view; it comes with the library that the app links. */
const PLACES = ["x86_64-linux-gnu", "aarch64-linux-gnu", ""].flatMap((arch) => ["/usr/lib", "/usr/libexec", "/usr/lib64"].map((place) => join(place, arch, "webkit2gtk-4.1/MiniBrowser")));

/** Builds the pages and serves them under the window's policy. */
export async function openPages(env) {
  const browser = PLACES.find((path) => existsSync(path));
  if (browser === undefined) throw new Error("WebKitGTK's MiniBrowser is not installed");
  const built = spawnSync(process.execPath, [vite, "build", "--mode", "look", "--outDir", bundle, "--emptyOutDir", "--logLevel", "error"], { cwd: ui, stdio: ["ignore", "ignore", "inherit"] });
  if (built.status !== 0) throw new Error("the pages could not be built");
  const port = await freePort();
  const server = spawn(process.execPath, [vite, "preview", "--outDir", bundle, "--port", String(port), "--logLevel", "error"], { cwd: ui, stdio: "ignore" });
  const url = `http://127.0.0.1:${port}/`;
  await until("the pages to be served", () => listens(url));
  const open = [];
  return {
    async page({ narrow = false } = {}) {
      // The bare browser has tools of its own, which keep it wider than 400 px; everything drawn larger fits less into it.
      const page = new Page(narrow ? { ...env, GDK_DPI_SCALE: "1.25" } : env, url, browser);
      await page.start();
      open.push(page);
      return page;
    },
    async close() {
      for (const page of open) await page.stop();
      server.kill();
    },
  };
}

/** Seconds since the last noon here. */
function sinceNoon() {
  const now = new Date();
  return (now.getHours() * 3_600 + now.getMinutes() * 60 + now.getSeconds() + 43_200) % 86_400;
}

export class Page extends Screen {
  #end = () => undefined;

  constructor(env, url, program) {
    super(env);
    this.url = url;
    this.program = program;
  }

  async start() {
    const capabilities = { browserName: "MiniBrowser", "webkitgtk:browserOptions": { binary: this.program, args: ["--automation"] } };
    const { browser, end } = await drive(tool("WebKitWebDriver"), (port) => [`--port=${port}`], this.env, capabilities);
    this.browser = browser;
    this.#end = end;
  }

  async stop() {
    await this.browser?.deleteSession().catch(() => {});
    this.#end();
  }

  /** Opens a screen; `query` as `ui/src/dev/query.ts` reads it. What is invented took place before noon: which days part it must not depend on when a test runs. */
  async open(query) {
    await this.browser.url(`${this.url}?ago=${sinceNoon()}&${query}`);
    await until("the page", () => this.script(() => globalThis.murmel?.ready === true));
  }

  /** Room for the pages, without the frame of the browser. */
  async room(width, height) {
    const { width: w, height: h } = await this.browser.getWindowRect();
    const inner = await this.script(() => ({ width: innerWidth, height: innerHeight }));
    const scale = w / inner.width;
    await this.resize(Math.round(width * scale), Math.round(height * scale + h - inner.height * scale));
    await until("the room", () => this.script((wanted) => Math.abs(innerWidth - wanted) <= 1, width));
  }

  /** The page alone, as the web view paints it. */
  async picture(path) {
    await this.browser.saveScreenshot(path);
  }
}
