// Owns the scenarios of keys: import, what is said of a wrong one, where the secret is and is not.
import assert from "node:assert/strict";
import { built, run, tool } from "../lib/programs.js";
import { filesWith, freshKey } from "../lib/secrets.js";
import { until } from "../lib/wait.js";

export function identity(house, show) {
  const app = house.app("imported");
  const { key, nsec } = freshKey();
  let npub = "";
  let database;
  return {
    scenarios: {
      "a wrong key gets a clear message": async () => {
        show(app);
        await app.start();
        await app.click("first-run-existing");
        await app.type("first-run-import-key", `${nsec.slice(0, -1)}${nsec.endsWith("q") ? "p" : "q"}`);
        const words = await app.text("key-error");
        assert.match(words, /nsec.*typing error/i);
        assert.ok(!words.includes(nsec.slice(5, 20)), "the message repeats the key");
        assert.equal(await (await app.find("first-run-import")).isEnabled(), false);
      },
      "an nsec is imported": async () => {
        await app.type("first-run-import-key", nsec);
        npub = await app.text("key-preview-npub");
        assert.match(npub, /^npub1[0-9a-z]{58}$/);
        await app.click("first-run-import");
        await app.find("main");
        await until("the set-up on the relay", async () => !(await app.shows("setup-step", ':not([data-state="done"])')));
      },
      "the secret is in the keyring and in no file": async () => {
        const found = await run(tool("secret-tool"), ["lookup", "service", "chat.murmel.desktop", "username", npub], { env: house.env });
        assert.equal(found.code, 0, "the keyring has no item");
        const [version, text] = found.stdout.trim().split(":");
        assert.equal(version, "murmel1");
        const item = Buffer.from(text, "base64");
        assert.ok(item.subarray(0, 32).equals(key), "the item does not hold the key");
        assert.equal(item.length, 64);
        database = item.subarray(32);
        await app.stop();
        for (const secret of [key, database]) assert.deepEqual(filesWith(house.place, secret), []);
      },
      "the profile opens again by itself": async () => {
        await app.start();
        await app.find("main");
      },
      "a second launch ends and shows the window of the first": async () => {
        await app.hide();
        const second = await run(built("murmel"), [], { env: app.env });
        assert.equal(second.code, 0, second.stderr);
        assert.equal(app.pids().length, 1);
        await until("the window", async () => (await app.visible()) && (await app.focused()));
        await app.find("main");
      },
      "a keychain that lost the key starts nothing new": async () => {
        await app.stop();
        await run(tool("secret-tool"), ["clear", "service", "chat.murmel.desktop", "username", npub], { env: house.env });
        await app.start();
        assert.match(await app.text("plain-text"), /key/i);
        assert.equal(await app.shows("first-run-create"), false);
        await app.stop();
      },
    },
    close: () => app.stop(),
  };
}
