// Writes latest.json: which package each system's copies of Murmel get newer by, with its signature. Only what is signed is announced.
// Usage: node announce.mjs FOLDER VERSION PLACE   (the folder of the installers; where they will lie)
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder, version, place] = process.argv.slice(2);
// The names under which the app looks for its own kind of package.
const kinds = [
  ["linux-x86_64-appimage", (name) => name.endsWith(".AppImage")],
  ["windows-x86_64-nsis", (name) => name.endsWith("-setup.exe")],
  ["windows-x86_64-msi", (name) => name.endsWith(".msi")],
  ["darwin-aarch64-app", (name) => name === "macos-aarch64.app.tar.gz"],
  ["darwin-x86_64-app", (name) => name === "macos-x86_64.app.tar.gz"],
];
const files = readdirSync(folder).filter((name) => existsSync(join(folder, `${name}.sig`)));
const platforms = {};
for (const [kind, is] of kinds) {
  const name = files.find(is);
  if (name === undefined) continue;
  // GitHub writes a dot for each blank in the name of a file.
  platforms[kind] = { url: `${place}/${encodeURIComponent(name.replaceAll(" ", "."))}`, signature: readFileSync(join(folder, `${name}.sig`), "utf8") };
}
if (Object.keys(platforms).length === 0) {
  console.log("Nothing is signed: no version is announced.");
} else {
  writeFileSync(join(folder, "latest.json"), `${JSON.stringify({ version, notes: `Murmel ${version}`, pub_date: new Date().toISOString(), platforms }, null, 2)}\n`);
  console.log(`latest.json announces ${Object.keys(platforms).join(", ")}.`);
}
