// Owns the surroundings of a run: a temporary home, a keyring, a relay, a notification server.
// Never touches the home, the keyring or the bus of whoever runs the tests.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { App } from "./app.js";
import { Person } from "./person.js";
import { built, run, tool } from "./programs.js";
import { record } from "./recorder.js";

/** Opens the surroundings. Has to run inside a D-Bus session of its own. */
export async function openHouse() {
  const place = mkdtempSync(join(tmpdir(), "murmel-desktop-"));
  const folder = (name) => {
    mkdirSync(join(place, name), { recursive: true, mode: 0o700 });
    return join(place, name);
  };
  const env = { ...process.env, HOME: folder("home"), XDG_RUNTIME_DIR: folder("run"), RUST_MIN_STACK: "8388608", NO_AT_BRIDGE: "1", GTK_USE_PORTAL: "0", GDK_BACKEND: "x11" };
  for (const name of ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "MURMEL_HOME", "MURMEL_PASSPHRASE", "WAYLAND_DISPLAY"]) delete env[name];

  const keyring = await run(tool("gnome-keyring-daemon"), ["--unlock", "--components=secrets", "--daemonize"], { env, input: "test\n" });
  if (keyring.code !== 0) throw new Error(`the keyring does not start: ${keyring.stderr}`);
  const recorder = await record();
  const relay = await startRelay(env);
  const apps = [];

  return {
    place,
    env,
    relay: relay.url,
    recorder,
    /** A profile for the window. */
    app(name, more = {}) {
      const app = new App({ home: join(place, name), env: { ...env, MURMEL_ALLOW_LOOPBACK: "1", MURMEL_RELAYS: relay.url, ...more } });
      apps.push(app);
      return app;
    },
    /** Somebody with a terminal. */
    person: (name) => Person.make({ name, home: join(place, name), env, relay: relay.url }),
    async close() {
      for (const app of apps) await app.stop();
      relay.child.kill();
      recorder.stop();
      const pid = /GNOME_KEYRING_PID=(\d+)/.exec(keyring.stdout)?.[1];
      if (pid !== undefined) process.kill(Number(pid));
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/** A relay as a process. */
export async function startRelay(env) {
  const child = spawn(built("murmel-cli"), ["relay", "serve", "127.0.0.1:0", "--json"], { env, stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("close", () => reject(new Error("the relay does not start")));
  });
  return { child, url: JSON.parse(line).result.url.replace(/\/$/, "") };
}
