import { readdirSync, readFileSync } from "node:fs";
import { waitFor } from "@testing-library/svelte";
import { parse } from "svelte/compiler";
import { afterEach, describe, expect, test } from "vitest";
import { FakeBackend } from "../src/ipc/fake";
import { people, requestOf } from "../src/ipc/fake-data";
import Root from "../src/Root.svelte";
import { en } from "../src/words/en";
import { excerptWords, stateWords, systemText } from "../src/words/message";
import { nl } from "../src/words/nl";
import { counting } from "../src/words/pieces";
import { errorWords, gapWords, keyFaultWords, problemWords, refusalWords, say, speech } from "../src/words/say.svelte";
import { dayWords } from "../src/words/time";
import { byId, connected, maybe, NOW, ready, show } from "./kit";

afterEach(() => {
  speech.choice = "system";
  localStorage.clear();
});

type Node = { type?: string; [key: string]: unknown };

/** Attributes and properties that a person reads or hears. */
const SPOKEN = /^(aria-label|aria-description|aria-valuetext|aria-roledescription|title|placeholder|alt|label|action|text)$/u;
const WORD = /\p{L}{2,}/u;
/** Examples, and the name of the app, which are the same in every language. */
const SAME = new Set(["Murmel", "wss://relay.example", "https://"]);

function spokenIn(node: unknown, found: string[], spoken = true): string[] {
  if (Array.isArray(node)) node.forEach((one) => spokenIn(one, found, spoken));
  if (typeof node !== "object" || node === null || Array.isArray(node)) return found;
  const { type, data, name, value } = node as Node;
  if (type === "Script" || type === "StyleSheet" || type === "Comment") return found;
  if (type === "Text" && spoken && typeof data === "string") {
    if (WORD.test(data) && !SAME.has(data.trim())) found.push(data.trim());
  } else if (type === "Attribute") {
    spokenIn(value, found, SPOKEN.test(String(name)));
  } else if ((type === "Literal" || type === "TemplateElement") && spoken) {
    const words = typeof value === "string" ? value : ((value as { cooked?: string } | null)?.cooked ?? "");
    // One word in lower case is a value that is compared, not one that is shown.
    if (/\p{L}+\s+\p{L}+|^\p{Lu}\p{Ll}+/u.test(words) && !SAME.has(words) && words !== "You") found.push(words);
  } else {
    for (const [key, inner] of Object.entries(node)) if (key !== "loc" && key !== "metadata") spokenIn(inner, found, spoken);
  }
  return found;
}

function files(folder: string, ending: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return files(path, ending);
    return path.endsWith(ending) ? [path] : [];
  });
}

describe("the sources", () => {
  const src = `${process.cwd()}/src`;

  test("no template has words of its own", () => {
    const all = files(src, ".svelte").filter((path) => !path.includes("/dev/"));
    expect(all.length).toBeGreaterThan(30);
    for (const path of all) {
      const { fragment } = parse(readFileSync(path, "utf8"), { modern: true, filename: path });
      expect(spokenIn(fragment, []), path.slice(src.length)).toEqual([]);
    }
  });

  test("words in a template are found", () => {
    const found = (template: string) => spokenIn(parse(template, { modern: true }).fragment, []);
    expect(found(`<p title="Hello you">A text{x ? "Not this" : "that"}</p>`)).toEqual(["Hello you", "A text", "Not this"]);
    expect(found(`<Dialog title={a ? "Open it" : \`So \${b} there\`} data-testid="some words" class="two words" />`)).toEqual(["Open it", "So "]);
  });

  test("no sentence stands in a script outside the tables", () => {
    const scripts = [...files(src, ".ts").filter((path) => !/\/(ipc|words|dev)\//u.test(path)), ...files(src, ".svelte").filter((path) => !path.includes("/dev/"))];
    for (const path of scripts) {
      const text = readFileSync(path, "utf8");
      const code = path.endsWith(".svelte") ? [...text.matchAll(/<script[^>]*>([^]*?)<\/script>/gu)].map(([, inner]) => inner).join("\n") : text;
      const sentences = code.replace(/^\s*(\/\/|\*|\/\*).*$/gmu, "").match(/(["'`])\p{Lu}\p{Ll}*[ ,][^"'`\n]*\1/gu) ?? [];
      expect(sentences, path.slice(src.length)).toEqual([]);
    }
  });
});

function leaves(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
}

describe("the tables", () => {
  test("say the same things, and Dutch says none of them in English", () => {
    const dutch = new Map(leaves(nl, ""));
    const english = leaves(en, "");
    expect([...dutch.keys()].sort()).toEqual(english.map(([key]) => key).sort());
    const same = english.filter(([key, words]) => typeof words === "string" && !key.startsWith(".keys.names") && /\s/u.test(words) && dutch.get(key) === words).map(([key]) => key);
    expect(same).toEqual([]);
  });

  test("numbers follow the rules of the language", () => {
    expect([0, 1, 2, 1_234].map((n) => en.common.members(n))).toEqual(["0 members", "1 member", "2 members", "1,234 members"]);
    expect([0, 1, 2, 1_234].map((n) => nl.common.members(n))).toEqual(["0 leden", "1 lid", "2 leden", "1.234 leden"]);
    const polish = counting("pl");
    expect([1, 3, 5].map((n) => polish(n, { one: "# osoba", few: "# osoby", many: "# osób", other: "# osoby" }))).toEqual(["1 osoba", "3 osoby", "5 osób"]);
  });

  test("a name with the sign for numbers in it stays as it is", () => {
    expect(en.message.andOthers("#1 Ada", 2)).toBe("#1 Ada and 2 others");
  });

  test("whoever is you is you in the middle of a sentence too", () => {
    speech.choice = "nl";
    expect(systemText({ event: "member_added", by: "Mara", who: "You" })).toBe("Mara voegde jou toe");
    expect(systemText({ event: "admin_removed", by: "You", who: "Jonas" })).toBe("Jij nam Jonas de beheerrechten af");
  });
});

describe("the language", () => {
  test("is the system's unless chosen, and the choice is kept", () => {
    speech.start();
    expect(say.common.cancel).toBe("Cancel");
    speech.choose("nl");
    expect(document.documentElement.lang).toBe("nl");
    speech.choice = "system";
    speech.start();
    expect(speech.choice).toBe("nl");
    localStorage.setItem("murmel.language", "constructor");
    speech.start();
    expect(speech.choice).toBe("system");
  });

  test("changes days too", () => {
    speech.choice = "nl";
    expect(dayWords(NOW, NOW)).toBe("Vandaag");
    expect(dayWords(NOW - 400 * 86_400, NOW)).toMatch(/december/u);
  });

  test("who cannot be invited, and what may be missing, keep their exact words in English too", () => {
    const refusal = { obstacle: "other_app", reason: "This person's app cannot be reached from here: it speaks KeyChat." } as const;
    const gap = { chat: null, relay: "wss://one.example", since: null, cause: "refused", reason: "The relay does not hand it over: restricted: pay first" } as const;
    expect(refusalWords(refusal)).toBe(refusal.reason);
    expect(gapWords(gap)).toBe(`wss://one.example: ${gap.reason}`);
    speech.choice = "nl";
    expect(refusalWords(refusal)).toBe("De app van deze persoon maakt groepen van een andere soort. Die moet eerst worden bijgewerkt of vervangen.");
    expect(gapWords(gap)).toBe("wss://one.example: De relay geeft het niet.");
  });

  test("why an account cannot be opened is said in the language of the window", () => {
    const fault = { reason: "keychain_failed", message: "The keychain failed: no such object. Nothing was changed: try again." } as const;
    expect(keyFaultWords(fault)).toBe(fault.message);
    speech.choice = "nl";
    expect(keyFaultWords(fault)).toBe(say.unavailable.why.keychain_failed);
    expect(say.unavailable.why.keychain_failed).toMatch(/^De sleutelhanger/u);
  });

  test("what was not sent, not done and cannot be accepted says why in the language of the window", () => {
    const failed = { state: "failed", cause: "left_out", reason: "The group went on without you, and without this." } as const;
    const changed = { event: "change_failed", what: "rename", cause: "refused", reason: "No relay takes the change (blocked)." } as const;
    const request = { ...requestOf(NOW), problem: "It speaks the first White Noise protocol (MIP)." };
    expect(stateWords(failed)).toBe(`Not sent: ${failed.reason}`);
    expect(systemText(changed)).toBe(`You wanted to rename the group; that was not possible: ${changed.reason}`);
    expect(problemWords(request)).toBe(request.problem);
    speech.choice = "nl";
    expect(stateWords(failed)).toBe("Niet verzonden: De groep ging verder zonder jou, en zonder dit.");
    expect(systemText(changed)).toBe(
      "Je wilde de groep een andere naam geven; dat was niet mogelijk: Geen relay van deze groep neemt de wijziging aan. Er is niets gewijzigd; probeer het later opnieuw.",
    );
    expect(problemWords(request)).toBe(say.requests.otherApp);
    expect(problemWords(requestOf(NOW))).toBe("");
  });

  test("the newest message of a chat is put into words here", () => {
    const added = { type: "system", event: { event: "member_added", by: "You", who: "Sami" } } as const;
    expect(excerptWords(added)).toBe("You added Sami");
    expect(excerptWords({ type: "text", text: "Roses" })).toBe("Roses");
    speech.choice = "nl";
    expect([added, { type: "deleted" } as const, { type: "hidden" } as const].map(excerptWords)).toEqual([
      "Jij voegde Sami toe",
      "Dit bericht is verwijderd",
      "Een bericht van iemand die je hebt geblokkeerd.",
    ]);
  });

  test("an error keeps its exact words in English and has a sentence elsewhere", () => {
    const error = { code: "offline", message: "Neither of 3 relays answered.", retryable: true } as const;
    expect(errorWords(error)).toBe(error.message);
    speech.choice = "nl";
    expect(errorWords(error)).toBe(nl.errors.offline);
  });

  test("is changed in the settings, at once and everywhere", async () => {
    const app = await connected(ready());
    show(app, Root, { app });
    app.settingsPage = "appearance";
    app.dialog = "settings";
    await waitFor(() => expect(maybe("language")).not.toBeNull());
    speech.choose("nl");
    await waitFor(() => expect(byId("settings").querySelector("h2")?.textContent).toBe("Instellingen"));
    expect(byId("new-group").getAttribute("aria-label")).toBe("Nieuwe groep");
  });

  test("is what notifications and the tray speak too", async () => {
    const backend = ready();
    const app = await connected(backend);
    show(app, Root, { app });
    const said = () => backend.calls.filter(([name]) => name === "setLanguage").map(([, language]) => language);
    await waitFor(() => expect(said()).toEqual(["en"]));
    speech.choose("nl");
    await waitFor(() => expect(said()).toEqual(["en", "nl"]));
  });
});

/** Words on the page that did not come through a table: neither marked, nor data. */
function unmarked(): string[] {
  const found: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const data = (node: Node | null) => node instanceof Element && node.closest("bdi, time, [dir=auto], .key-text, .avatar, [lang], .url, .relay, h1") !== null;
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const words = node.textContent ?? "";
    if (!WORD.test(words) || data(node.parentElement as unknown as Node)) continue;
    if (!/⟦[^]*⟧/u.test(words)) found.push(words.trim());
  }
  for (const element of document.querySelectorAll("[aria-label], [title], [placeholder]")) {
    for (const name of ["aria-label", "title", "placeholder"]) {
      const words = element.getAttribute(name) ?? "";
      if (WORD.test(words) && !/⟦/u.test(words) && !data(element as unknown as Node) && element.tagName !== "TIME") found.push(`${name}: ${words}`);
    }
  }
  return found;
}

describe("in a language that nobody speaks", () => {
  const known = new Set([...people.map((one) => one.name), "Ada Brandt"]);
  const strange = () => unmarked().filter((words) => !known.has(words) && !SAME.has(words) && !words.startsWith("placeholder: wss://"));

  test.each(["first-run", "vault", "locked", "empty", "try", "ready"])("the screen %s says nothing but what is in the table", async (screen) => {
    speech.choice = "pseudo";
    const app = await connected(FakeBackend.fromQuery(`?fake=${screen}`));
    show(app, Root, { app });
    app.open(app.state.chats[0]?.id ?? null);
    app.detailsOpen = true;
    await waitFor(() => expect(document.body.textContent).toContain("⟦"));
    expect(strange()).toEqual([]);
  });

  test.each(["settings", "new-group", "jump"] as const)("so does the dialog %s", async (dialog) => {
    speech.choice = "pseudo";
    const app = await connected(ready());
    show(app, Root, { app });
    app.dialog = dialog;
    await waitFor(() => expect(maybe("dialog-close")).not.toBeNull());
    expect(strange()).toEqual([]);
  });

  test("one that is written from right to left turns the page", () => {
    speech.choose("pseudo-rtl");
    expect(document.documentElement.dir).toBe("rtl");
    expect(say.common.cancel).toContain("\u202e");
    speech.choose("en");
    expect(document.documentElement.dir).toBe("ltr");
  });
});
