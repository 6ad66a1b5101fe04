// Owns what is shown of the installed package: it chats, takes links of the system, keeps its data when it is upgraded, and leaves only them behind.
// Never runs where nothing was installed for it: the package is changed on the way.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { run, tool } from "../lib/programs.js";
import { until } from "../lib/wait.js";

const PACKAGE = "murmel";

export function installed(house, show) {
  const app = house.app("installed");
  let bea;
  let group;
  const version = async () => (await run(tool("dpkg-query"), ["--show", "--showformat=${Version}", PACKAGE])).stdout;
  const databases = async () => (await run(tool("find"), [app.home, "-name", "*.db"])).stdout.trim().split("\n").sort();
  const dpkg = async (...args) => {
    const done = await run(tool("dpkg"), args);
    assert.equal(done.code, 0, done.stderr);
  };
  return {
    scenarios: {
      "the installed app chats with somebody at a terminal": async () => {
        show(app);
        await app.begin("Anna");
        bea = await house.person("Bea");
        await app.newGroup("Marbles", [bea]);
        group = await bea.accept();
        await app.say("From a package");
        await bea.receives(group, "From a package");
        await bea.send(group, "It works");
        await app.sees("It works");
      },
      "a link that the desktop opens shows whom it names, in the window that is open": async () => {
        const opened = await run(tool("xdg-open"), [`nostr:${bea.npub}`], { env: app.env });
        assert.equal(opened.code, 0, opened.stderr);
        assert.match(await app.text("person-card"), new RegExp(bea.npub.slice(0, 9)));
        assert.equal(app.pids().length, 1);
        await app.click("dialog-close");
      },
      "an upgrade keeps everything": async () => {
        const before = await version();
        await app.stop();
        await dpkg("--install", process.env.MURMEL_DEB);
        assert.equal(await version(), `${before}+1`);
        await bea.send(group, "While you were away");
        await app.start();
        await app.click("chat-row");
        for (const text of ["From a package", "It works", "While you were away"]) await app.sees(text);
        await app.say("After the upgrade");
        await bea.receives(group, "After the upgrade");
      },
      "what is removed leaves the person's data": async () => {
        await app.stop();
        const before = await databases();
        assert.equal(before.length, 1);
        await dpkg("--remove", PACKAGE);
        await until("the program to be gone", () => !existsSync(app.program));
        assert.deepEqual(await databases(), before);
      },
    },
    close: () => app.stop(),
  };
}
