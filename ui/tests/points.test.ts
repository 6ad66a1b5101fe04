// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The points of the experience that a machine can check; each is the beginning of a test's name somewhere. */
const POINTS: Record<string, string> = {
  L1: "panes, and the details on demand",
  L2: "width of the list dragged and kept",
  L3: "one pane below 700 px, nothing out of reach at 400",
  L4: "size and place of the window are kept",
  L5: "the rail's badges, and switching by keys",
  L6: "Esc in the list, Esc in the timeline",
  L7: "zoom, kept",
  R1: "no shortcut under a dialog or menu",
  R2: "none during composition",
  R3: "layouts of keyboards",
  R4: "a letter anywhere goes to the composer",
  R5: "focus returns",
  R6: "one table for keys, sheet and aria-keyshortcuts",
  M1: "opens at the divider",
  M2: "opens where it was left",
  M3: "follows at the end only",
  M4: "the jump button",
  M5: "the mention button",
  M6: "jump-back",
  M7: "when something counts as read",
  M8: "sending scrolls",
  M9: "days",
  M10: "prefetch and a bounded page",
  M11: "nothing shifts",
  M12: "states of an own message",
  M13: "arrows",
  M14: "announcements",
  M15: "choosing several",
  N1: "silent for the chat on the screen",
  N2: "a click leads to the message",
  N3: "levels of privacy",
  N4: "one summary for each chat",
  N5: "what was read is taken back",
  N6: "markup stays text",
  N7: "answers in the notification",
  N8: "mentions and silent chats",
  N9: "switches for sound, attention and number",
  N10: "pause and quiet hours",
  N11: "nothing of a backlog",
  O1: "one screen, new or existing",
  O3: "a pasted key is previewed while typing",
  O5: "the empty list says what next",
  O6: "the set-up is a checklist with Retry",
  O7: "logging out says what is deleted",
};

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "node_modules") return [];
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? files(path) : [path];
  });
}

describe("the points of the experience", () => {
  const written = (path: string, of: RegExp) => [...readFileSync(path, "utf8").matchAll(of)].flatMap(([, ids]) => (ids ?? "").split(", "));
  const tests = [...files(`${root}ui/tests`).filter((path) => path.endsWith(".test.ts")), ...["pages", "scenarios"].flatMap((one) => files(`${root}tests/desktop/${one}`))];
  const named = tests.flatMap((path) => written(path, /^\s*(?:(?:test|describe)(?:\.each\((?:(?!\btest\b)[^])*?\))?\()?"((?:[LRMNO]\d+(?:, )?)+): /gmu));
  // Tests in Rust have no free names: there the point begins what is said of them.
  const programs = ["crates/client/src", "crates/client/tests", "src-tauri/src"].flatMap((one) => files(root + one)).filter((path) => path.endsWith(".rs"));
  const said = programs.flatMap((path) => written(path, /^\s*\/\/\/ ((?:[LRMNO]\d+(?:, )?)+)\.\n\s*#\[/gmu));
  const names = [...named, ...said];

  test.each(Object.entries(POINTS))("%s has a test: %s", (point) => expect(names).toContain(point));

  test("no test is named after a point that there is not", () => {
    expect(names.filter((name) => !(name in POINTS))).toEqual([]);
  });
});
