// Owns what a test sees and does on a page, wherever it is shown: in the app's window or in a bare web view.
// Never reaches behind what is shown.
import { run, tool } from "./programs.js";
import { until } from "./wait.js";

export class Screen {
  /** The WebDriver session; there once it has started. */
  browser = null;

  constructor(env) {
    this.env = env;
  }

  /** The element with a test id (and an attribute), once it is shown. */
  async find(id, attribute = "") {
    return until(`${id}${attribute} in the window`, async () => {
      const element = await this.browser.$(`[data-testid="${id}"]${attribute}`);
      return (await element.isDisplayed()) && element;
    });
  }

  /** All elements with a test id. */
  all(id, attribute = "") {
    return this.browser.$$(`[data-testid="${id}"]${attribute}`).getElements();
  }

  async shows(id, attribute = "") {
    return (await this.browser.$$(`[data-testid="${id}"]${attribute}`).length) > 0;
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

  /** Puts the focus on the message with this text. */
  async focusMessage(text) {
    await this.script((wanted) => {
      const found = [...document.querySelectorAll('[data-testid="message"]')].filter((row) => row.querySelector('[data-testid="message-text"]')?.textContent === wanted);
      found.at(-1)?.focus();
    }, text);
  }

  /** Chooses from the menu of the message with this text, by the keyboard. */
  async menu(text, entry) {
    await this.focusMessage(text);
    await this.keys("Shift", "F10");
    await until(`the entry ${entry} of the menu where the pointer can reach it`, () => this.script((id) => {
      const found = document.querySelector(`[data-testid="menu-${id}"]`);
      const { x, y, width, height } = found?.getBoundingClientRect() ?? { x: 0, y: 0, width: 0, height: 0 };
      return width > 0 && found.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    }, entry));
    await this.click(`menu-${entry}`);
  }

  /** Waits until a message with this text is on the screen. */
  async sees(text) {
    return until(`the message ${JSON.stringify(text)} in the window`, async () => (await this.texts()).includes(text));
  }

  script(body, ...args) {
    return this.browser.execute(body, ...args);
  }

  /** Keys that are pressed together, as WebDriver names them. */
  keys(...names) {
    return this.browser.keys(names);
  }

  /** What has the focus: its test id, or the name of the element. */
  focus() {
    return this.script(() => document.activeElement?.getAttribute("data-testid") ?? document.activeElement?.tagName ?? "");
  }

  /** A picture of the window, as the screen shows it once two pictures in a row are alike and not of one colour. */
  async picture(path) {
    let before = "";
    await until("the window to be painted", async () => {
      const { width, height } = await this.browser.getWindowRect();
      await run(tool("import"), ["-window", "root", "-crop", `${width}x${height}+0+0`, "+repage", path], { env: this.env });
      const said = await run(tool("identify"), ["-format", "%k %#", path], { env: this.env });
      const steady = said.stdout === before && Number(said.stdout.split(" ")[0]) > 2;
      before = said.stdout;
      return steady;
    });
  }

  resize(width, height) {
    return this.browser.setWindowRect(0, 0, width, height);
  }
}
