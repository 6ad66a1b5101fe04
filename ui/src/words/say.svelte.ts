// Owns which language the window speaks: that of the system unless the person chose.
// Never stores anything but that choice.
import type { ChangeObstacle, Gap, IpcError, KeyFault, Language as SystemLanguage, Refusal, RequestView, Unsent } from "../ipc";
import { en, type Words } from "./en";
import { nl } from "./nl";
import { pseudo, pseudoRightToLeft } from "./pseudo";

/** What a person can choose, each in its own words. */
export const LANGUAGES = { en: "English", nl: "Nederlands" } as const;

type Language = keyof typeof LANGUAGES | "pseudo" | "pseudo-rtl";
export type LanguageChoice = "system" | Language;

const KEY = "murmel.language";
const tables: Record<Language, Words> = { en, nl, pseudo, "pseudo-rtl": pseudoRightToLeft };

function isLanguage(value: string | null): value is Language {
  return value !== null && Object.hasOwn(tables, value);
}

/** The first of the system's languages that there is a table for. */
function ofSystem(): Language {
  for (const tag of navigator.languages) {
    const primary = tag.split("-")[0] ?? "";
    if (Object.hasOwn(LANGUAGES, primary)) return primary as Language;
  }
  return "en";
}

class Speech {
  choice = $state<LanguageChoice>("system");
  #system = $state<Language>(ofSystem());

  get language(): Language {
    return this.choice === "system" ? this.#system : this.choice;
  }

  get words(): Words {
    return tables[this.language];
  }

  /** The language of what is outside of the window. */
  get outside(): SystemLanguage {
    return this.language === "nl" ? "nl" : "en";
  }

  /** For dates and numbers: the system's own variant of the language where there is one, as `en-GB`. */
  get locale(): string {
    const primary = this.language.startsWith("pseudo") ? "en" : this.language;
    return navigator.languages.find((tag) => tag.split("-")[0] === primary) ?? primary;
  }

  start(): void {
    const stored = localStorage.getItem(KEY);
    this.choice = isLanguage(stored) ? stored : "system";
    window.addEventListener("languagechange", () => {
      this.#system = ofSystem();
      this.#apply();
    });
    this.#apply();
  }

  choose(choice: LanguageChoice): void {
    this.choice = choice;
    localStorage.setItem(KEY, choice);
    this.#apply();
  }

  #apply(): void {
    document.documentElement.lang = this.locale;
    document.documentElement.dir = this.language === "pseudo-rtl" ? "rtl" : "ltr";
  }
}

export const speech = new Speech();

/** The words of the window, by area; a template that uses them follows a change of language. */
export const say: Words = Object.defineProperties(
  {},
  Object.fromEntries((Object.keys(en) as (keyof Words)[]).map((area) => [area, { enumerable: true, get: () => speech.words[area] }])),
) as Words;

/** The backend speaks English, and exactly; in another language what it says has a sentence for its kind. */
function exact(english: string, other: string): string {
  return speech.language === "en" ? english : other;
}

/** Why somebody cannot be invited. */
export function refusalWords({ obstacle, reason }: Refusal): string {
  return exact(reason, say.people.obstacles[obstacle]);
}

/** Why something may be missing. */
export function gapWords({ relay, cause, reason }: Gap): string {
  return say.relays.gap(relay, exact(reason, say.relays.gaps[cause]));
}

/** Why something was not sent. */
export function unsentWords({ cause, reason }: { cause: Unsent; reason: string }): string {
  return exact(reason, say.unsent[cause]);
}

/** Why a change of a group cannot be made. */
export function obstacleWords({ cause, reason }: { cause: ChangeObstacle; reason: string }): string {
  return exact(reason, say.system.obstacles[cause]);
}

/** Why an invitation cannot be accepted; empty where it can. */
export function problemWords({ problem }: RequestView): string {
  return problem === null ? "" : exact(problem, say.requests.otherApp);
}

/** Why an account cannot be opened, and what to do. */
export function keyFaultWords({ reason, message }: { reason: KeyFault; message: string }): string {
  return exact(message, say.unavailable.why[reason]);
}

/** What went wrong. */
export function errorWords(error: Pick<IpcError, "code" | "message">): string {
  return exact(error.message, say.errors[error.code] ?? error.message);
}
