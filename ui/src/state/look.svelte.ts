// Owns how the window looks: light or dark, contrast, accent, density, size of text, zoom, motion.
// Never stores anything but these choices; what follows the system is read from it each time.

export const CHOICES = {
  theme: ["system", "light", "dark"],
  contrast: ["system", "more"],
  accent: ["lake", "sky", "violet", "moss", "rose", "amber"],
  density: ["usual", "compact"],
  text: ["small", "usual", "large", "largest"],
  motion: ["system", "less"],
} as const;

export type Choices = { [K in keyof typeof CHOICES]: (typeof CHOICES)[K][number] };
export type ThemeChoice = Choices["theme"];

/** The steps of the zoom, as in browsers (L7). */
export const ZOOMS = [0.75, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2] as const;

const KEY = "murmel.look";
const usual: Choices = { theme: "system", contrast: "system", accent: "lake", density: "usual", text: "usual", motion: "system" };
const DARK = "(prefers-color-scheme: dark)";
const MORE = "(prefers-contrast: more)";

interface Stored extends Choices {
  zoom: number;
}

function stored(): Stored {
  let kept: unknown = null;
  try {
    kept = JSON.parse(localStorage.getItem(KEY) ?? "null");
  } catch {
    // What cannot be read is as if nothing had been chosen.
  }
  const values = (typeof kept === "object" && kept !== null ? kept : {}) as Record<string, unknown>;
  const chosen = Object.entries(CHOICES).map(([key, choices]) => {
    const value = (choices as readonly unknown[]).includes(values[key]) ? values[key] : usual[key as keyof Choices];
    return [key, value];
  });
  const zoom = ZOOMS.find((one) => one === values.zoom) ?? 1;
  return { ...(Object.fromEntries(chosen) as unknown as Choices), zoom };
}

class Look {
  choices = $state.raw<Choices>(usual);
  zoom = $state<number>(1);
  /** The window itself zooms; set once it is there. */
  onzoom: (factor: number) => void = () => undefined;

  start(): void {
    const { zoom, ...choices } = stored();
    this.choices = choices;
    this.zoom = zoom;
    for (const query of [DARK, MORE]) window.matchMedia(query).addEventListener("change", () => this.#apply());
    this.#apply();
  }

  choose<K extends keyof Choices>(key: K, value: Choices[K]): void {
    this.choices = { ...this.choices, [key]: value };
    this.#keep();
    this.#apply();
  }

  setZoom(factor: number): void {
    this.zoom = factor;
    this.#keep();
    this.onzoom(factor);
  }

  /** One step larger or smaller. */
  stepZoom(step: 1 | -1): void {
    const at = ZOOMS.findIndex((one) => one === this.zoom);
    const next = ZOOMS[at + step];
    if (at >= 0 && next !== undefined) this.setZoom(next);
  }

  #keep(): void {
    localStorage.setItem(KEY, JSON.stringify({ ...this.choices, zoom: this.zoom }));
  }

  #apply(): void {
    const { theme, contrast, accent, density, text, motion } = this.choices;
    const dark = theme === "dark" || (theme === "system" && window.matchMedia(DARK).matches);
    const more = contrast === "more" || window.matchMedia(MORE).matches;
    const { dataset } = document.documentElement;
    dataset.theme = dark ? "dark" : "light";
    dataset.contrast = more ? "more" : "usual";
    dataset.accent = accent;
    dataset.density = density;
    dataset.text = text;
    dataset.motion = motion;
  }
}

export const look = new Look();
