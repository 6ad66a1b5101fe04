// Owns one profile of the real app: its start, its window, its end.
// Never reaches behind the window: what a test sees is what a person sees.
import { spawn } from "node:child_process";
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { remote } from "webdriverio";
import { built, run, tool } from "./programs.js";
import { until } from "./wait.js";

const TITLE = "^Murmel$";

export class App {
  #driver = null;
  #browser = null;

  constructor({ home, env }) {
    this.home = home;
    this.env = { ...env, MURMEL_HOME: home };
  }

  /** Opens the window. */
  async start(...args) {
    const [port, native] = [await freePort(), await freePort()];
    this.#driver = spawn(tool("tauri-driver"), ["--port", String(port), "--native-port", String(native), "--native-driver", tool("WebKitWebDriver")], {
      env: this.env,
      stdio: ["ignore", process.env.MURMEL_TEST_VERBOSE ? "inherit" : "ignore", "inherit"],
    });
    await until("the driver", () => listens(port));
    this.#browser = await remote({
      hostname: "127.0.0.1",
      port,
      logLevel: "error",
      connectionRetryCount: 0,
      capabilities: { browserName: "wry", "wdio:enforceWebDriverClassic": true, "tauri:options": { application: built("murmel"), args } },
    });
    await this.#browser.setTimeout({ implicit: 0 });
  }

  /** Closes the window as its owner would, or whatever is left of it. */
  async stop() {
    await this.#browser?.deleteSession().catch(() => {});
    this.#leave();
    await until("the app to be gone", () => this.pids().length === 0).catch(() => this.#signal("SIGKILL"));
  }

  /** kill -9: no goodbye of any kind. */
  async kill() {
    this.#signal("SIGKILL");
    await until("the app to be gone", () => this.pids().length === 0);
    await this.#browser?.deleteSession().catch(() => {});
    this.#leave();
  }

  #leave() {
    this.#driver?.kill();
    this.#driver = null;
    this.#browser = null;
  }

  #signal(name) {
    for (const pid of this.pids()) process.kill(pid, name);
  }

  /** The processes of this profile. */
  pids() {
    const program = built("murmel");
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          const home = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`MURMEL_HOME=${this.home}`);
          const ended = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].startsWith("Z");
          return home && !ended && readlinkSync(`/proc/${pid}/exe`) === program;
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  /** The element with a test id (and an attribute), once it is shown. */
  async find(id, attribute = "") {
    return until(`${id}${attribute} in the window`, async () => {
      const element = await this.#browser.$(`[data-testid="${id}"]${attribute}`);
      return (await element.isDisplayed()) && element;
    });
  }

  /** All elements with a test id. */
  all(id, attribute = "") {
    return this.#browser.$$(`[data-testid="${id}"]${attribute}`).getElements();
  }

  async shows(id, attribute = "") {
    return (await this.#browser.$$(`[data-testid="${id}"]${attribute}`).length) > 0;
  }

  async gone(id, attribute = "") {
    await until(`${id}${attribute} to be gone`, async () => !(await this.shows(id, attribute)));
  }

  async click(id, attribute = "") {
    const element = await this.find(id, attribute);
    await until(`${id} to be usable`, () => element.isEnabled());
    await element.click();
  }

  async type(id, text) {
    const element = await this.find(id);
    await element.setValue(text);
  }

  /** The text of an element once it is shown, with what the screen cuts off. */
  async text(id, attribute = "") {
    return (await (await this.find(id, attribute)).getProperty("textContent")).trim();
  }

  /** All texts of the messages, or of another part, that are on the screen. */
  async texts(id = "message-text") {
    return this.script((wanted) => [...document.querySelectorAll(`[data-testid="${wanted}"]`)].map((node) => node.textContent), id);
  }

  /** What stands in a field. */
  async value(id) {
    return (await this.find(id)).getValue();
  }

  /** Chooses from the menu of the message with this text, by the keyboard. */
  async menu(text, entry) {
    await this.script((wanted) => {
      const found = [...document.querySelectorAll('[data-testid="message"]')].filter((row) => row.querySelector('[data-testid="message-text"]')?.textContent === wanted);
      found.at(-1)?.focus();
    }, text);
    await this.#browser.keys(["Shift", "F10"]);
    await this.click(`menu-${entry}`);
  }

  /** Waits until a message with this text is on the screen. */
  async sees(text) {
    return until(`the message ${JSON.stringify(text)} in the window`, async () => (await this.texts()).includes(text));
  }

  /** Writes into the composer and sends; waits until a relay has it. */
  async say(text) {
    await this.type("composer", text);
    await this.click("send");
    await this.sees(text);
    await until(`${JSON.stringify(text)} to be on a relay`, () => this.stateOf(text).then((state) => state === "sent"));
  }

  /** How far an own message got, as the window says. */
  async stateOf(text) {
    return this.script((wanted) => {
      const found = [...document.querySelectorAll('[data-testid="message"]')].filter((row) => row.querySelector('[data-testid="message-text"]')?.textContent === wanted);
      return found.at(-1)?.getAttribute("data-state") ?? null;
    }, text);
  }

  script(body, ...args) {
    return this.#browser.execute(body, ...args);
  }

  /** Calls a command as the page would; says what came of it. */
  invoke(command, args) {
    return this.script(
      (name, given) =>
        window.__TAURI_INTERNALS__.invoke(name, given).then(
          (value) => `done: ${JSON.stringify(value)}`,
          (error) => `refused: ${JSON.stringify(error)}`,
        ),
      command,
      args,
    );
  }

  keys(...names) {
    return this.#browser.keys(names);
  }

  /** A picture of the window, as the screen shows it once two pictures in a row are alike and not of one colour. */
  async picture(path) {
    let before = "";
    await until("the window to be painted", async () => {
      const { width, height } = await this.#browser.getWindowRect();
      await run(tool("import"), ["-window", "root", "-crop", `${width}x${height}+0+0`, "+repage", path], { env: this.env });
      const said = await run(tool("identify"), ["-format", "%k %#", path], { env: this.env });
      const steady = said.stdout === before && Number(said.stdout.split(" ")[0]) > 2;
      before = said.stdout;
      return steady;
    });
  }

  /** Takes the window off the screen, as a person does who minimises it. */
  async hide() {
    await this.#xdotool("search", "--onlyvisible", "--name", TITLE, "windowunmap");
    await until("the window to be unfocused", async () => !(await this.visible()) && !(await this.focused()));
  }

  async visible() {
    return (await this.#xdotool("search", "--onlyvisible", "--name", TITLE)).code === 0;
  }

  focused() {
    return this.script(() => document.hasFocus());
  }

  #xdotool(...args) {
    return run(tool("xdotool"), args, { env: this.env });
  }

  resize(width, height) {
    return this.#browser.setWindowRect(0, 0, width, height);
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function listens(port) {
  try {
    await fetch(`http://127.0.0.1:${port}/status`);
    return true;
  } catch {
    return false;
  }
}
