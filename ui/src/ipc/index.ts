// Owns the choice of backend: the real one inside the window, the fake one in a plain browser.
// Never puts the fake into the bundle that ships.
import type { Backend } from "./backend";

export { asIpcError, type Backend } from "./backend";
export type * from "./generated";

/** Resolves to `null` where a shipped bundle was opened outside its window. */
export async function chooseBackend(): Promise<Backend | null> {
  if ("__TAURI_INTERNALS__" in window) return (await import("./tauri")).tauriBackend();
  if (import.meta.env.MODE === "production") return null;
  const { FakeBackend } = await import("./fake");
  return FakeBackend.fromQuery(window.location.search);
}
