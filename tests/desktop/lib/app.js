// Owns one profile of the real app: its start, its window, its end.
// Never reaches behind the window: what a test sees is what a person sees.
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { drive, freePort } from "./driver.js";
import { pressClose } from "./frame.js";
import { built, run, tool } from "./programs.js";
import { Screen } from "./screen.js";
import { until } from "./wait.js";

const TITLE = "^Murmel$";

export class App extends Screen {
  #end = () => undefined;

  constructor({ home, env }) {
    super({ ...env, MURMEL_HOME: home });
    this.home = home;
    // Asked for once: an installed program may be removed while it is tested.
    this.program = built("murmel");
  }

  /** Opens the window. */
  async start(...args) {
    const native = await freePort();
    const { browser, end } = await drive(
      tool("tauri-driver"),
      (port) => ["--port", String(port), "--native-port", String(native), "--native-driver", tool("WebKitWebDriver")],
      this.env,
      { browserName: "wry", "tauri:options": { application: this.program, args } },
    );
    this.browser = browser;
    this.#end = end;
  }

  /** Closes the window as its owner would, or whatever is left of it. */
  async stop() {
    const pids = this.pids();
    await this.browser?.deleteSession().catch(() => {});
    const gone = () => until("the app to be gone", () => this.#gone(pids));
    // The driver ends the app after it has answered: it has to live until then.
    await gone().catch(() => {
      this.#signal("SIGKILL");
      return gone();
    });
    this.#leave();
  }

  /** kill -9: no goodbye of any kind. */
  async kill() {
    const pids = this.pids();
    this.#signal("SIGKILL");
    await until("the app to be gone", () => this.#gone(pids));
    await this.browser?.deleteSession().catch(() => {});
    this.#leave();
  }

  #leave() {
    this.#end();
    this.browser = null;
  }

  #signal(name) {
    for (const pid of this.pids()) process.kill(pid, name);
  }

  /** Whether nothing is left of these: a process that is ending is nobody's any more, but holds its names and files until its last thread is gone. */
  #gone(pids) {
    const ended = (pid) => {
      try {
        return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].startsWith("Z") && readdirSync(`/proc/${pid}/task`).length === 1;
      } catch {
        return true;
      }
    };
    return this.pids().length === 0 && pids.every(ended);
  }

  /** The processes of this profile. */
  pids() {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          const home = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`MURMEL_HOME=${this.home}`);
          const ended = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].startsWith("Z");
          return home && !ended && readlinkSync(`/proc/${pid}/exe`) === this.program;
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  /** Opens a new profile and makes an identity of this name; waits until it is on the relay. */
  async begin(name) {
    await this.start();
    await this.type("first-run-name", name);
    await this.click("first-run-create");
    await this.find("main");
    await until("the set-up on the relay", async () => !(await this.shows("setup-step", ':not([data-state="done"])')));
  }

  /** Makes a group with these people (see {@link Person}), after a last look at the dialog; its chat is open afterwards. */
  async newGroup(name, people = [], look = async () => {}) {
    await this.click("new-group");
    await this.type("new-group-name", name);
    for (const person of people) await this.choose("new-group-person", person);
    await look();
    await this.click("new-group-create");
    await until("the new chat", async () => (await this.text("chat-title")).includes(name));
  }

  /** Writes a person's npub into a field, as one of those to be invited. */
  async choose(field, person) {
    await this.type(field, person.npub);
    await this.keys("Enter");
    await this.find("person-chip", `[data-pubkey="${person.pubkey}"]`);
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

  /** Takes the window off the screen, as a person does who minimises it. */
  async hide() {
    await this.#xdotool("search", "--onlyvisible", "--name", TITLE, "windowunmap");
    await until("the window to be unfocused", async () => !(await this.visible()) && !(await this.focused()));
  }

  /** Closes the window with the button of its frame. */
  async close() {
    const found = await this.#xdotool("search", "--onlyvisible", "--name", TITLE);
    await pressClose(Number(found.stdout.trim().split("\n").at(-1)));
  }

  /** Waits until the app ended by itself. */
  async ended() {
    await until("the app to end", () => this.pids().length === 0);
    await this.browser?.deleteSession().catch(() => {});
    this.#leave();
  }

  /** Presses a key in the system's dialog with this title; waits until it is gone. */
  async answer(title, key) {
    const shown = async () => (await this.#xdotool("search", "--onlyvisible", "--name", `^${title}$`)).stdout.trim();
    const dialog = await until(`the dialog ${title}`, shown);
    await this.#xdotool("windowfocus", "--sync", dialog, "key", key);
    await until(`the dialog ${title} to be answered`, async () => (await shown()) === "");
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
}
