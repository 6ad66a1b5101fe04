// Owns the choice between light and dark: follows the system unless the person chose.
// Never stores anything but that choice.

export type ThemeChoice = "system" | "light" | "dark";

const KEY = "murmel.theme";
const choices: readonly string[] = ["system", "light", "dark"];

function stored(): ThemeChoice {
  const value = localStorage.getItem(KEY);
  return value !== null && choices.includes(value) ? (value as ThemeChoice) : "system";
}

class Theme {
  choice = $state<ThemeChoice>("system");

  start(): void {
    this.choice = stored();
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#apply());
    this.#apply();
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    localStorage.setItem(KEY, choice);
    this.#apply();
  }

  #apply(): void {
    const dark = this.choice === "dark" || (this.choice === "system" && window.matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }
}

export const theme = new Theme();
