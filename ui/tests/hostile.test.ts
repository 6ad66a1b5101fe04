import { cleanup } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import MessageText from "../src/parts/MessageText.svelte";
import { treeOf } from "../src/text/markdown";
import { byId, connected, ready, show } from "./kit";

const TAGS = ["img src=x onerror=alert(1)", "script", "svg onload=alert(1)", "iframe src=javascript:alert(1)", "a href=javascript:alert(1)", "style", "base href=//evil.example", "meta http-equiv=refresh", "object data=x", "embed src=x", "form action=//evil.example", "math", "link rel=stylesheet href=//evil.example", "video src=x", "audio src=x", "details open ontoggle=alert(1)", "template", "marquee", "body onload=alert(1)", "input autofocus onfocus=alert(1)"];
const SCHEMES = ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", "file:///etc/passwd", "http://plain.example/", "ftp://old.example/", "tauri://localhost/", "ipc://localhost/", "asset://localhost/", "blob:https://x/1", "https://user:secret@evil.example/", "https://", "//evil.example", "nostr:npub1", "murmel:join", "intent://x#Intent;end", "mailto:a@b", "tel:1"];
const BIDI = ["\u202egnp.exe", "\u2066\u2067\u2068", "\u200b\u200c\u200d\ufeff", "a\u0300".repeat(500), "\u0000\u0001\u0007", "\ud800", "🏳️‍🌈".repeat(200), "﷽".repeat(50), "\u2028\u2029", "\u00ad".repeat(100)];
const DEEP = [">".repeat(5_000), "- ".repeat(5_000), "*".repeat(5_000), "_a".repeat(5_000), "[".repeat(5_000), "`".repeat(5_001), "(".repeat(5_000), "#".repeat(5_000), "1. ".repeat(3_000), "~~".repeat(4_000)];

const payloads = [
  ...TAGS.flatMap((tag) => [`<${tag}>`, `before <${tag}> after </${tag.split(" ")[0] ?? ""}>`, `**<${tag}>**`, `\`<${tag}>\``, `> <${tag}>`]),
  ...SCHEMES.flatMap((link) => [`[click](${link})`, `![alt](${link})`, `<${link}>`, `[x]: ${link}\n\n[x]`]),
  ...BIDI.flatMap((text) => [text, `**${text}**`]),
  ...DEEP,
  ...DEEP.map((text) => `${text}\n${text}`.slice(0, 11_000)),
];

describe("whatever somebody writes", () => {
  test("there are enough of them", () => expect(payloads.length).toBeGreaterThanOrEqual(200));

  test("stays words: no element but those of the marks, no attribute that leads anywhere, nothing of it lost", async () => {
    const app = await connected(ready());
    for (const text of payloads) {
      show(app, MessageText, { text, mentions: [] });
      const shown = byId("message-text");
      for (const element of shown.querySelectorAll("*")) {
        expect(element.tagName, text.slice(0, 80)).toMatch(/^(P|BR|STRONG|EM|DEL|CODE|PRE|BLOCKQUOTE|UL|OL|LI|BUTTON|SPAN|BDI|DIV)$/u);
        for (const { name, value } of element.attributes) expect(`${name}=${value}`, text.slice(0, 80)).not.toMatch(/^(href|src|on|style|srcdoc|action)/iu);
        if (element.hasAttribute("data-host")) expect(element.getAttribute("title")).toMatch(/^https:\/\/[^@]+$/u);
      }
      // The words that are not marks are all there.
      const letters = (value: string) => value.replaceAll(/[^\p{L}\p{N}]/gu, "");
      if (!/[[\]`]|^\d+[.]/u.test(text)) expect(letters(shown.textContent ?? "") === letters(text), text.slice(0, 80)).toBe(true);
      cleanup();
    }
  });

  test("is read in little time, however it is nested", () => {
    for (const text of DEEP) expect(treeOf(text, []).length).toBeGreaterThan(0);
  });
});
