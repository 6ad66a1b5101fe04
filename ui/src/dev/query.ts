// Owns the places that a developer can open by the address: `?fake=ready&open=0&details&dialog=settings&theme=dark&language=nl`.
// Never part of the bundle that ships.
import type { SettingsPage } from "../settings/table";
import type { App, DialogName } from "../state/app.svelte";
import { type Choices, CHOICES, look } from "../state/look.svelte";
import { type LanguageChoice, speech } from "../words/say.svelte";

export async function openByQuery(app: App, search: string): Promise<void> {
  const query = new URLSearchParams(search);
  for (const key of Object.keys(CHOICES) as (keyof Choices)[]) {
    const value = query.get(key);
    if (value !== null && (CHOICES[key] as readonly string[]).includes(value)) look.choose(key, value as never);
  }
  const language = query.get("language");
  if (language !== null) speech.choose(language as LanguageChoice);
  const open = query.get("open");
  if (open !== null) app.open(app.state.chats[Number(open)]?.id ?? null);
  app.detailsOpen = query.has("details");
  app.settingsPage = (query.get("page") as SettingsPage | null) ?? "accounts";
  app.dialog = (query.get("dialog") as DialogName) ?? null;
  app.list.typed = query.get("search") ?? "";
  if (query.has("axe")) await judge();
}

/** Writes what axe finds into the page, for a look without a person: `--dump-dom`. */
async function judge(): Promise<void> {
  await new Promise((done) => setTimeout(done, 1_000));
  const { default: axe } = await import("axe-core");
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  const lines = violations.flatMap(({ id, impact, nodes }) => nodes.map((node) => `AXE ${impact} ${id} ${node.target.join(" ")} ${node.failureSummary?.replaceAll("\n", " ")}`));
  const page = document.createElement("pre");
  page.textContent = [...lines, `AXE-DONE ${lines.length}`].join("\n");
  document.body.append(page);
}
