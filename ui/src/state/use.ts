// Owns the news that somebody is there, which keeps the app lock away.
// Never says what was typed or touched.
import type { App } from "./app.svelte";

/** At most one call in this many milliseconds. */
export const TELL_EVERY = 10_000;

const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel"] as const;

/** Tells the backend of use, as long as a lock is set. Answers how to stop. */
export function tellOfUse(app: App, page: EventTarget = window, now: () => number = () => performance.now()): () => void {
  let told = Number.NEGATIVE_INFINITY;
  const used = () => {
    if (app.state.lockAfter === 0 || app.state.session?.state !== "ready" || now() - told < TELL_EVERY) return;
    told = now();
    void app.backend.inUse().catch(() => undefined);
  };
  for (const sign of SIGNS) page.addEventListener(sign, used, { capture: true, passive: true });
  return () => {
    for (const sign of SIGNS) page.removeEventListener(sign, used, { capture: true });
  };
}
