// Owns the newer version of the app that the in-memory backend knows of, and each state that it can be in.
// Never leaves the page.
import type { UpdateProgress, Updates } from "./generated";

/** The invented newer version. */
export const NEWER = "0.9.0";
const SIZE = 24_600_000;
/** Between two steps that follow by themselves, in milliseconds. */
const STEP = 700;

const notes = `You can now look for newer versions here, and install them.

- Search finds words with accents, however they are typed.
- A conversation opens where you left it, also after a restart.
- Relays that do not answer are asked less often.`;

const available: UpdateProgress = { at: "available", version: NEWER, notes };
const by = (progress: UpdateProgress, looks = true): Updates => ({ by: "app", looks, host: "downloads.murmel.example", progress });

/** How it can stand, for the address of a page (`?updates=`) and for the components page. */
export const updateStates = {
  packages: { by: "packages", looks: false, host: null, progress: { at: "unknown" } },
  nobody: { by: "nobody", looks: false, host: null, progress: { at: "unknown" } },
  unknown: by({ at: "unknown" }, false),
  looking: by({ at: "looking" }),
  newest: by({ at: "newest" }),
  available: by(available),
  "available-long": by({ at: "available", version: `${NEWER}-rc.1`, notes: `<b>${notes}</b>\n\n`.repeat(6) }),
  "available-bare": by({ at: "available", version: NEWER, notes: null }),
  loading: by({ at: "loading", version: NEWER, bytes: 8_300_000, of: SIZE }),
  "loading-blind": by({ at: "loading", version: NEWER, bytes: 8_300_000, of: null }),
  ready: by({ at: "ready", version: NEWER }),
  installing: by({ at: "installing", version: NEWER }),
  unreachable: by({ at: "failed", fault: "unreachable" }),
  "not-signed": by({ at: "failed", fault: "not_signed" }),
  "not-installed": by({ at: "failed", fault: "not_installed" }),
} satisfies Record<string, Updates>;

export class FakeUpdates {
  state: Updates = updateStates.unknown;

  constructor(readonly tell: (updates: Updates) => void) {}

  /** The state of this name; nothing changes where there is none. */
  take(name: string | null): void {
    if (name !== null && Object.hasOwn(updateStates, name)) this.state = updateStates[name as keyof typeof updateStates];
  }

  /** What happens without anybody in the window asking for it. */
  show(progress: UpdateProgress): void {
    this.state = { ...this.state, progress };
    this.tell(this.state);
  }

  setLooks(looks: boolean): Updates {
    return (this.state = { ...this.state, looks });
  }

  look(): Updates {
    return this.#go({ at: "looking" }, available);
  }

  load(): Updates {
    const bytes = (at: number): UpdateProgress => (at < SIZE ? { at: "loading", version: NEWER, bytes: at, of: SIZE } : { at: "ready", version: NEWER });
    return this.#go(bytes(0), ...Array.from({ length: 6 }, (_, step) => bytes(((step + 1) * SIZE) / 6)));
  }

  cancel(): Updates {
    return this.#go(available);
  }

  install(): Updates {
    return this.#go({ at: "installing", version: NEWER });
  }

  /** At once the first; the others follow, as long as nothing else happened. */
  #go(progress: UpdateProgress, ...later: UpdateProgress[]): Updates {
    this.state = { ...this.state, progress };
    this.#follow(later);
    return this.state;
  }

  #follow([next, ...later]: UpdateProgress[]): void {
    const { progress } = this.state;
    if (next === undefined) return;
    setTimeout(() => {
      if (this.state.progress !== progress) return;
      this.show(next);
      this.#follow(later);
    }, STEP);
  }
}
