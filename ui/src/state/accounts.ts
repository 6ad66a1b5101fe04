// Owns switching between accounts with the keys.
// Never opens an account itself: the backend does.
import type { App } from "./app.svelte";

/** Goes to the account before or after the open one. Says whether there is one. */
export function stepAccount(_app: App, _step: 1 | -1): boolean {
  return false;
}
