// Owns where the programs under test are, and how a program is run to its end.
// Never builds anything.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");
export const target = process.env.CARGO_TARGET_DIR ? resolve(root, process.env.CARGO_TARGET_DIR) : join(root, "target");

const places = [join(target, "tools/bin"), ...(process.env.PATH ?? "").split(delimiter), join(process.env.CARGO_HOME ?? "/root/.cargo", "bin")];

/** A program of this repository, as the build left it. */
export function built(name) {
  const path = process.env[`MURMEL_TEST_${name.toUpperCase().replaceAll("-", "_")}`] ?? join(target, "debug", name);
  if (!existsSync(path)) throw new Error(`${path} is not there: build it first (cargo xtask test does)`);
  return path;
}

/** A program of the system or of target/tools. */
export function tool(name) {
  const found = places.map((place) => join(place, name)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
}

/** Runs a program to its end. */
export function run(program, args, { env = process.env, input = "" } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    const out = [];
    const err = [];
    child.stdout.on("data", (part) => out.push(part));
    child.stderr.on("data", (part) => err.push(part));
    child.on("error", reject);
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.on("close", (code) => resolve({ code, raw: Buffer.concat(out), stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }));
  });
}
