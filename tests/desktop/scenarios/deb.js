// Owns the scenario of the package: installed with apt, started, removed.
// Never runs where it would change somebody's computer: only as root with MURMEL_TEST_DEB=1, or in CI.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { run, target, tool } from "../lib/programs.js";
import { until } from "../lib/wait.js";

export function deb(house) {
  const file = newest(["release/bundle/deb", "debug/bundle/deb"].map((name) => join(target, name)));
  const allowed = process.getuid?.() === 0 && (process.env.CI !== undefined || process.env.MURMEL_TEST_DEB === "1");
  if (file === undefined || !allowed) {
    console.log(`  left out the package: ${file === undefined ? "there is none (cargo xtask bundle makes it)" : "set MURMEL_TEST_DEB=1 as root to install it"}`);
    return { scenarios: {} };
  }
  const apt = async (...args) => {
    const done = await run(tool("apt-get"), ["-y", "-q", ...args], { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
    assert.equal(done.code, 0, done.stderr);
  };
  return {
    scenarios: {
      "the package installs": async () => {
        await apt("install", file);
        assert.ok(existsSync("/usr/bin/murmel"));
        assert.ok(readdirSync("/usr/share/applications").some((name) => /murmel/i.test(name)));
      },
      "the installed app shows its window": async () => {
        const home = join(house.place, "installed");
        const child = spawn("/usr/bin/murmel", ["--home", home], { env: house.env, stdio: "ignore" });
        try {
          await until("the window", async () => (await run(tool("xdotool"), ["search", "--onlyvisible", "--name", "^Murmel$"], { env: house.env })).code === 0);
          assert.equal(child.exitCode, null);
          assert.ok(existsSync(home));
        } finally {
          child.kill();
          await until("the app to end", () => child.exitCode !== null || child.signalCode !== null);
        }
      },
      "the package is removed cleanly": async () => {
        await apt("remove", "murmel");
        assert.ok(!existsSync("/usr/bin/murmel"));
        assert.ok(!readdirSync("/usr/share/applications").some((name) => /murmel/i.test(name)));
      },
    },
  };
}

function newest(folders) {
  const files = folders.filter((folder) => existsSync(folder)).flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  const age = (path) => statSync(path).mtimeMs;
  return files.filter((path) => path.endsWith(".deb")).sort((a, b) => age(b) - age(a))[0];
}
