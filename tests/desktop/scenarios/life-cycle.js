// Owns the life of the window: how it begins, what closing it means, what is asked before the app ends.
import assert from "node:assert/strict";
import { startRelay } from "../lib/house.js";
import { openTray } from "../lib/tray.js";
import { until } from "../lib/wait.js";

const QUESTION = "Quit Murmel\\?";

export function lifeCycle(house, show) {
  let relay;
  let app;
  let tray;
  const place = () => app.browser.getWindowRect();
  return {
    scenarios: {
      "without a tray, closing the window ends the app": async () => {
        relay = await startRelay(house.env);
        app = house.app("life-cycle", { MURMEL_RELAYS: relay.url });
        show(app);
        await app.begin("Anna");
        await app.newGroup("Marbles");
        await app.say("All here");
        await app.browser.setWindowRect(130, 70, 930, 640);
        await until("the window in its place", async () => (await place()).width === 930);
        await app.close();
        await app.ended();
      },
      "L4: size and place are there after a restart": async () => {
        await app.start();
        await app.find("main");
        const { x, y, width, height } = await place();
        assert.deepEqual([x, y, width, height], [130, 70, 930, 640]);
      },
      "with a tray, closing the window hides it, and the tray brings it back": async () => {
        tray = await openTray();
        await until("the icon", () => tray.count() > 0);
        await app.close();
        await until("the window to be hidden", async () => !(await app.visible()));
        assert.equal(app.pids().length, 1);
        await tray.choose("Show Murmel");
        await until("the window", () => app.visible());
        await app.find("main");
      },
      "what was not sent is said before the app ends, and nothing is lost": async () => {
        relay.child.kill();
        await app.click("chat-row");
        await app.type("composer", "Nobody takes this yet");
        await app.click("send");
        await app.sees("Nobody takes this yet");
        await tray.choose("Quit");
        await app.answer(QUESTION, "Escape");
        assert.equal(app.pids().length, 1);
        await tray.choose("Quit");
        await app.answer(QUESTION, "Return");
        await app.ended();
      },
      "it starts in the tray where the session starts it": async () => {
        const icons = tray.count();
        await app.start("--minimized");
        await until("the icon", () => tray.count() > icons);
        await app.find("main");
        assert.equal(await app.visible(), false);
        await tray.choose("Show Murmel");
        await until("the window", () => app.visible());
        await app.click("chat-row");
        await app.sees("Nobody takes this yet");
      },
    },
    async close() {
      relay?.child.kill();
      tray?.stop();
      await app?.stop();
    },
  };
}
