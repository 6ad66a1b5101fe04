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
  // Tests drive what is invented from outside of the page.
  Object.assign(globalThis, { murmel: { ready: true, app, backend: app.backend, axe } });
}

/** What axe finds that is serious, with the colours and sizes that only a drawn page has. */
async function axe(only: string[] | null = null): Promise<string[]> {
  const { default: judge } = await import("axe-core");
  const rules = { "page-has-heading-one": { enabled: false }, region: { enabled: false } };
  const { violations } = await judge.run(document, { resultTypes: ["violations"], ...(only === null ? { rules } : { runOnly: only }) });
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return serious.flatMap(({ id, nodes }) => nodes.map((node) => `${id} ${node.target.join(" ")} ${node.failureSummary?.replaceAll(/\s+/gu, " ")}`));
}
