// Owns switching between accounts.
// Never opens an account itself: the backend does.
import type { App } from "./app.svelte";

export async function switchTo(app: App, npub: string): Promise<void> {
  if (npub === app.state.current) return;
  await app.attempt(async () => app.entered(await app.backend.switchAccount(npub)));
}

/** Goes to the account before or after the open one, round and round. Says whether there is another. */
export function stepAccount(app: App, step: 1 | -1): boolean {
  const { accounts, current } = app.state;
  if (accounts.length < 2) return false;
  const at = accounts.findIndex((one) => one.npub === current);
  const next = accounts.at((at + step) % accounts.length);
  if (next !== undefined) void switchTo(app, next.npub);
  return true;
}
