// Owns where the programs under test are, and how a program is run to its end.
// Never builds anything.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

const { env } = process;
const root = resolve(import.meta.dirname, "../../..");

/** The folder of everything that is built. */
export const target = resolve(root, env.MURMEL_TARGET ?? env.CARGO_TARGET_DIR ?? "target");

const programs = { murmel: env.MURMEL_APP, "murmel-cli": env.MURMEL_CLI, "murmel-bench": env.MURMEL_BENCH, "tauri-driver": env.TAURI_DRIVER };
const folders = [join(target, "tools/bin"), ...(env.PATH ?? "").split(delimiter)];

/** A program of this repository, as the build left it. */
export function built(name) {
  const path = resolve(programs[name] ?? join(target, "debug", name));
  if (!existsSync(path)) throw new Error(`${path} is not there: build it first, as "cargo xtask test" does`);
  return path;
}

/** A program of the system, or one that "cargo xtask test" has installed below target. */
export function tool(name) {
  const found = [programs[name], ...folders.map((folder) => join(folder, name))].find((path) => path !== undefined && existsSync(path));
  if (found === undefined) throw new Error(`${name} is not installed; "cargo xtask test" installs it`);
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
