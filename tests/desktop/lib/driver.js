// Owns the programs that drive a web view: their start on a free port, and their end.
// Never knows what is shown.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { remote } from "webdriverio";
import { until } from "./wait.js";

/** A script of a test may take this long, in milliseconds. */
const SCRIPT = 100_000;

/** Starts a driver and opens a session; answers the session and how to end the driver. */
export async function drive(program, args, env, capabilities) {
  const port = await freePort();
  const child = spawn(program, args(port), { env, stdio: ["ignore", process.env.MURMEL_TEST_VERBOSE ? "inherit" : "ignore", "inherit"] });
  try {
    await until("the driver", () => listens(`http://127.0.0.1:${port}/status`));
    const browser = await remote({
      hostname: "127.0.0.1",
      port,
      logLevel: "error",
      connectionRetryCount: 0,
      capabilities: { "wdio:enforceWebDriverClassic": true, ...capabilities },
    });
    await browser.setTimeout({ implicit: 0, script: SCRIPT });
    return { browser, end: () => void child.kill() };
  } catch (error) {
    child.kill();
    throw error;
  }
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export async function listens(url) {
  try {
    await fetch(url);
    return true;
  } catch {
    return false;
  }
}
