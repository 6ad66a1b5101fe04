// Owns what the window costs: start, switching, scrolling, memory, sizes. Writes rows as the engine's report has them.
// Never judges by a number of another machine; what cannot be measured here is left out, and said.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { openPages } from "./lib/pages.js";
import { built, run, tool } from "./lib/programs.js";
import { scrollThrough } from "./lib/scrolling.js";
import { until } from "./lib/wait.js";

/** Rows of a timeline that are scrolled through. */
const ROWS = 10_000;
/** Pixels of one step: more than a screen, less than what is drawn ahead. */
const STEP = 900;
/** The most elements that a timeline may have in the page. */
const MOST_ELEMENTS = 1_200;
/** How often the app is started for one row. */
const STARTS = 5;
/** A start with many messages may take so many times one with none. */
const MOST_START = 1.5;
/** How often a conversation is switched. */
const SWITCHES = 20;
/** Clock ticks in a second, as /proc counts them on Linux. */
const TICKS = 100;
const dist = resolve(import.meta.dirname, "../../ui/dist");

export async function bench(house, file) {
  const rows = [];
  const fact = (name, value, unit, note = "") => rows.push({ name, value, unit, limit: null, ratio: null, target: null, ok: null, ...(note === "" ? {} : { note }) });
  const atMost = (name, value, unit, target, note = "") => rows.push({ name, value, unit, limit: null, ratio: null, target, ok: value <= target, ...(note === "" ? {} : { note }) });
  sizes(fact);
  await pages(house, fact, atMost);
  if (process.env.MURMEL_APP === undefined) console.log("left out: start and memory of the window, as there is no release build of it");
  else await real(house, fact, atMost);
  for (const { name, value, unit, target, ok } of rows) console.log(`  ${name}: ${Math.round(value * 10) / 10} ${unit}${target === null ? "" : ` (at most ${target}: ${ok ? "yes" : "no"})`}`);
  writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
}

function sizes(fact) {
  const files = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? files(join(folder, one.name)) : [join(folder, one.name)]));
  if (existsSync(dist)) {
    const scripts = files(dist).filter((path) => /\.(js|css|html)$/u.test(path)).map((path) => readFileSync(path));
    fact("size/pages", scripts.reduce((sum, one) => sum + one.length, 0), "bytes");
    fact("size/pages, compressed", scripts.reduce((sum, one) => sum + gzipSync(one).length, 0), "bytes", "gzip; the app holds them compressed too");
  }
  for (const [name, path] of [["size/release binary, stripped", process.env.MURMEL_APP], ["size/.deb", process.env.MURMEL_DEB]]) {
    if (path !== undefined && existsSync(path)) fact(name, statSync(path).size, "bytes");
  }
}

/** With invented people, so that only drawing is measured. */
async function pages(house, fact, atMost) {
  const server = await openPages(house.env);
  try {
    const page = await server.page();
    await page.open(`fake=ready&messages=${ROWS}&open=0`);
    await page.room(1080, 720);
    await page.find("message");
    const times = await page.script(async (count) => {
      const { app } = murmel;
      const frame = () => new Promise(requestAnimationFrame);
      const found = [];
      for (let at = 0; at < count; at += 1) {
        const began = performance.now();
        app.open(app.state.chats[1 + (at % 2)].id);
        while (document.querySelector("[data-message]") === null || app.state.timeline === null) await frame();
        await frame();
        found.push(performance.now() - began);
        await frame();
      }
      app.open(app.state.chats[0].id);
      return found.sort((a, b) => a - b);
    }, SWITCHES);
    fact("pages/switch to another conversation, median", times[Math.floor(times.length / 2)], "ms", "until it is drawn; a frame is 16.7 ms");
    fact("pages/switch to another conversation, slowest", times.at(-1), "ms");
    await page.find("message");
    let said = { steps: 0, frames: 0, slow: 0, elements: 0, blanks: 0, jumps: 0, seen: 0 };
    while (said.seen < ROWS) {
      const part = await scrollThrough(page, 100, -STEP);
      said = { steps: said.steps + part.steps, frames: said.frames + part.frames, slow: said.slow + part.slow, elements: Math.max(said.elements, part.elements), blanks: said.blanks + part.blanks, jumps: said.jumps + part.jumps.length, seen: said.seen + part.seen };
      if (part.seen === 0) break;
    }
    fact("pages/scroll 10,000 rows, frames", said.frames, "frames", `${said.steps} steps of ${STEP} px`);
    fact("pages/scroll 10,000 rows, frames above 50 ms", said.slow, "frames", "drawn by the processor, as there is no graphics card here");
    atMost("pages/scroll 10,000 rows, blank frames", said.blanks, "frames", 0);
    atMost("pages/scroll 10,000 rows, jumps", said.jumps, "jumps", 0);
    atMost("pages/scroll 10,000 rows, elements in the page", said.elements, "elements", MOST_ELEMENTS);
  } finally {
    await server.close();
  }
}

/** The app itself, as it is shipped: with a database that holds nothing, and then with one that holds very much. */
async function real(house, fact, atMost) {
  const app = house.app("bench");
  await app.start();
  await app.click("first-run-create");
  await app.find("main");
  await app.stop();
  const empty = await starts(app, async () => {
    fact("window/idle memory, the app's process", app.pids().reduce((sum, pid) => sum + memoryOf(pid), 0), "bytes", "proportional set size");
    fact("window/idle memory, with its web view", family(app.pids()).reduce((sum, pid) => sum + memoryOf(pid), 0), "bytes", "proportional set size of all its processes");
  });
  fact("window/start to first paint, empty database, median", empty, "ms", "from the process's start; the driver is beside it");
  const messages = Number(process.env.MURMEL_BENCH_MESSAGES ?? 1_000_000);
  await fill(house, app, messages);
  const full = await starts(app, () => app.find("chat-row"));
  atMost(`window/start to first paint, ${messages.toLocaleString("en")} messages, median`, full, "ms", MOST_START * empty, `the target is ${MOST_START} times that of an empty database`);
}

/** Starts the app again and again; the median from the process's start to the first paint, in milliseconds. `look`: during the last one. */
async function starts(app, look) {
  const times = [];
  for (let time = 0; time < STARTS; time += 1) {
    await app.start();
    await app.find("main");
    const painted = await until("the first paint", () => app.script(() => { const [entry] = performance.getEntriesByName("first-contentful-paint"); return entry === undefined ? null : performance.timeOrigin + entry.startTime; }));
    times.push(painted - Math.min(...app.pids().map(startOf)));
    if (time === STARTS - 1) await look();
    await app.stop();
  }
  return times.sort((a, b) => a - b)[Math.floor(STARTS / 2)];
}

/** Puts messages into the account's database, whose key is the only one in the keyring of these surroundings. */
async function fill(house, app, messages) {
  const item = await run(tool("secret-tool"), ["lookup", "service", "chat.murmel.desktop"], { env: house.env });
  const key = Buffer.from(item.stdout.trim().split(":")[1] ?? "", "base64").subarray(32);
  const [database] = readdirSync(app.home, { recursive: true }).filter((name) => name.endsWith(".db"));
  const filled = await run(built("murmel-bench"), ["fill", "--database", join(app.home, database), "--messages", String(messages)], { input: key.toString("hex") });
  if (filled.code !== 0) throw new Error(`the database was not filled: ${filled.stderr}`);
}

/** When a process was started, in milliseconds since 1970. */
function startOf(pid) {
  const booted = Number(/^btime (\d+)/mu.exec(readFileSync("/proc/stat", "utf8"))?.[1]);
  const ticks = Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ")[19]);
  return (booted + ticks / TICKS) * 1_000;
}

function memoryOf(pid) {
  return Number(/^Pss:\s+(\d+) kB/mu.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0) * 1_024;
}

/** These processes and all that they started. */
function family(pids) {
  const parents = readdirSync("/proc").filter((name) => /^\d+$/u.test(name)).flatMap((pid) => {
    try {
      return [[Number(pid), Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ")[1])]];
    } catch {
      return [];
    }
  });
  const found = new Set(pids);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

