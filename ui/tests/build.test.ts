// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = new Map<string, string>();

beforeAll(async () => {
  const made = await build({ root, mode: "production", logLevel: "silent", build: { write: false } });
  for (const output of Array.isArray(made) ? made : [made]) {
    if (!("output" in output)) throw new Error("the build did not end");
    for (const file of output.output) files.set(file.fileName, file.type === "chunk" ? file.code : String(file.source));
  }
}, 120_000);

const scripts = () => [...files].filter(([name]) => name.endsWith(".js"));

describe("what ships", () => {
  test("the page holds no script and no style of its own, which the policy would refuse", () => {
    const page = files.get("index.html") ?? "";
    expect(page).toMatch(/<script[^>]+src=/u);
    expect(page.match(/<script\b[^>]*>(?!\s*<\/script>)/gu)).toBeNull();
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=/u);
  });

  test("no template sets a style attribute, and nothing is compiled from text", () => {
    for (const [name, code] of scripts()) {
      expect(code, name).not.toMatch(/<[a-z][^>`]*\sstyle="/u);
      expect(code, name).not.toMatch(/\beval\(|new Function\(/u);
    }
  });

  test("nothing is fetched from elsewhere", () => {
    const addresses = [...files.values()].flatMap((text) => [...text.matchAll(/https?:\/\/[a-z0-9.-]+\.[a-z]{2,}[^\s"'`)]*/giu)].map(([address]) => address));
    const strange = addresses.filter((address) => !/^http:\/\/www\.w3\.org\/|^https:\/\/svelte\.dev\/e\/|^https:\/\/github\.com\/markedjs\/marked/u.test(address));
    expect(strange).toEqual([]);
  });

  test("the invented people stay out", () => {
    expect(scripts().length).toBeGreaterThan(0);
    for (const [name, code] of scripts()) expect(code, name).not.toContain("Jonas Wirth");
  });
});

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? sources(path) : [path];
  });
}

describe("the sources", () => {
  const all = sources(`${root}src`).map((path) => ({ path: path.slice(root.length), text: readFileSync(path, "utf8") }));

  test("no text becomes markup", () => {
    for (const { path, text } of all) expect(text, path).not.toMatch(/\{@html|innerHTML|insertAdjacentHTML|document\.write/u);
  });

  test("only src/ipc touches the window's API", () => {
    const elsewhere = all.filter(({ path, text }) => !path.startsWith("src/ipc/") && /@tauri-apps|__TAURI/u.test(text));
    expect(elsewhere.map(({ path }) => path)).toEqual([]);
  });
});
