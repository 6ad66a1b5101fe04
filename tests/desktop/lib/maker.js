// Owns whoever makes new versions of the app: a key, packages signed with it, and a place on this computer that announces them.
// Never has anything to do with the key of the real makers.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join, resolve } from "node:path";
import { run } from "./programs.js";

const TAURI = resolve(import.meta.dirname, "../../../ui/node_modules/@tauri-apps/cli/tauri.js");

/** A maker who keeps its things in `place`. */
export async function makeVersions(place, env) {
  mkdirSync(place, { recursive: true });
  const key = join(place, "key");
  const tauri = async (...args) => {
    const made = await run(process.execPath, [TAURI, "signer", ...args], { env });
    if (made.code !== 0) throw new Error(`the signer failed: ${made.stderr}`);
  };
  await tauri("generate", "--ci", "--password", "", "--write-keys", key);

  let offered = null;
  let asked = 0;
  const held = new Set();
  const server = createServer((request, response) => {
    if (request.url === "/latest.json") {
      asked += 1;
      const package_ = { signature: offered.signature, url: `${url()}/package` };
      response.end(JSON.stringify({ version: offered.version, notes: offered.notes, platforms: { "linux-x86_64": package_, "linux-aarch64": package_ } }));
    } else if (offered.held) {
      // Half of it, and then nothing until the other side has had enough.
      response.writeHead(200, { "content-length": offered.bytes.length });
      response.write(offered.bytes.subarray(0, offered.bytes.length / 2));
      held.add(response);
      response.on("close", () => held.delete(response));
    } else {
      response.end(offered.bytes);
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const url = () => `http://127.0.0.1:${server.address().port}`;

  return {
    env: { MURMEL_UPDATES_FROM: `${url()}/latest.json`, MURMEL_UPDATES_KEY: readFileSync(`${key}.pub`, "utf8") },
    /** How often somebody asked which version is the newest. */
    asked: () => asked,
    /** How many downloads wait for their second half. */
    held: () => held.size,
    /** Signs `bytes` as `signed` and announces them as `version`. */
    async offer({ version, signed = version, bytes, sent = bytes, notes, held: hold = false }) {
      const file = join(place, `murmel-${signed}`);
      writeFileSync(file, bytes);
      await tauri("sign", "--private-key-path", key, "--password", "", "--app-version", signed, file);
      offered = { version, notes, bytes: sent, held: hold, signature: readFileSync(`${file}.sig`, "utf8") };
    },
    stop: () => server.closeAllConnections() ?? server.close(),
  };
}
