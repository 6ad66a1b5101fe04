// Owns the scenario of somebody who only wants to see it.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { until } from "../lib/wait.js";

export function tryIt(house, show) {
  const app = house.app("try");
  return {
    scenarios: {
      "the companion writes first and answers": async () => {
        show(app);
        await app.start();
        await app.click("first-run-try");
        await app.find("banner-try");
        await app.click("chat-row");
        await until("the companion's first message", async () => (await app.texts()).length > 0);
        const before = (await app.texts()).length;
        await app.say("Hello, who are you?");
        await until("an answer", async () => (await app.texts()).length > before + 1);
      },
      "it is removed without a trace": async () => {
        await app.click("remove-try");
        await app.click("confirm");
        await app.find("first-run-create");
        const left = existsSync(app.home) ? readdirSync(app.home, { recursive: true }).filter((name) => String(name).includes("try-it")) : [];
        assert.deepEqual(left, []);
        await app.stop();
      },
    },
    close: () => app.stop(),
  };
}
