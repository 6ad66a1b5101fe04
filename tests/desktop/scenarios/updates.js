// Owns the scenario of a copy of the app that gets newer by itself, or refuses to.
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeVersions } from "../lib/maker.js";
import { tool } from "../lib/programs.js";
import { until } from "../lib/wait.js";

export function updates(house, show) {
  const copy = join(house.place, "Murmel.AppImage");
  // What is installed has to be a program. This one runs what BASH_ENV names, which tells that it was begun in the place of the app.
  const newer = Buffer.concat([readFileSync(tool("bash")), Buffer.alloc(2_000_000, "newer")]);
  const before = readFileSync(tool("false"));
  const begun = join(house.place, "begun");
  const telling = join(house.place, "telling");
  let app;
  let maker;
  const state = (wanted) => until(`the state ${wanted}`, async () => (await app.script(() => document.querySelector('[data-testid="update-state"]')?.dataset.at)) === wanted);
  const look = async () => {
    await until("a button that looks", async () => (await app.find("look-now")).isEnabled());
    await app.click("look-now");
  };
  /** Announces, looks, downloads. */
  const load = async (offer) => {
    await maker.offer(offer);
    await look();
    await state("available");
    await app.click("update-load");
  };
  return {
    scenarios: {
      "nobody is asked for a newer version before the person agrees": async () => {
        maker = await makeVersions(join(house.place, "maker"), house.env);
        await maker.offer({ version: "9.0.0", bytes: newer, notes: "Calmer than before. <b>Not bold.</b>" });
        copyFileSync(tool("false"), copy);
        chmodSync(copy, 0o755);
        writeFileSync(telling, `if [[ $0 == "${copy}" ]]; then : > "${begun}"; fi\n`);
        app = house.app("updates", { ...maker.env, APPIMAGE: copy, BASH_ENV: telling });
        show(app);
        await app.begin("Anna");
        await app.click("settings-open");
        await app.click("settings-page-about");
        await app.find("updates");
        assert.equal(await (await app.find("look-for-updates")).isSelected(), false);
        assert.equal(maker.asked(), 0);
      },
      "whoever agreed is told of a newer version, in plain text": async () => {
        await app.click("look-for-updates");
        await state("available");
        assert.equal(maker.asked(), 1);
        assert.match(await app.text("update-state"), /9\.0\.0/);
        assert.equal(await app.text("update-notes"), "Calmer than before. <b>Not bold.</b>");
        assert.deepEqual(readFileSync(copy), before, "nothing is installed without a click");
      },
      "a download shows how far it is, and can be cancelled": async () => {
        await load({ version: "9.0.0", bytes: newer, held: true });
        await until("half of it", async () => Number(await (await app.find("update-progress")).getProperty("position")) > 0.4);
        await app.click("update-cancel");
        await state("available");
        await until("the connection to be closed", () => maker.held() === 0);
      },
      "a package that was altered after it was signed is not installed": async () => {
        const altered = Buffer.from(newer);
        altered[altered.length - 1] ^= 1;
        await load({ version: "9.0.0", bytes: newer, sent: altered });
        await state("failed");
        assert.match(await app.text("update-state"), /sign/i);
        assert.equal(await app.shows("update-install"), false);
        assert.deepEqual(readFileSync(copy), before);
      },
      "an old package that is announced under a new number is not installed": async () => {
        await load({ version: "9.0.0", signed: "0.0.1", bytes: newer });
        await state("failed");
        assert.equal(await app.shows("update-install"), false);
        assert.deepEqual(readFileSync(copy), before);
      },
      "a package of the makers takes the place of this copy, and begins": async () => {
        await load({ version: "9.0.0", bytes: newer });
        await state("ready");
        assert.deepEqual(readFileSync(copy), before);
        await app.click("update-install");
        await until("the newer version to begin", () => existsSync(begun));
        await until("this one to end", () => app.pids().length === 0);
        assert.ok(readFileSync(copy).equals(newer));
      },
      "what was agreed to is kept": async () => {
        await app.stop();
        const asked = maker.asked();
        await app.start();
        await app.find("main");
        await until("somebody to ask", () => maker.asked() > asked);
      },
    },
    async close() {
      await app?.stop();
      maker?.stop();
    },
  };
}
