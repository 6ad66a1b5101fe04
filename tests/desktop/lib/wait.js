// Owns waiting: for a condition, never for a length of time.
// Never hides what went wrong: the last error is part of the message.

const PAUSE = 100;

/** Calls `probe` until it returns something truthy, and returns that. */
export async function until(what, probe, deadline = 60_000) {
  const end = Date.now() + deadline;
  let last = "";
  for (;;) {
    try {
      const found = await probe();
      if (found) return found;
      last = "";
    } catch (error) {
      last = `: ${error.message}`;
    }
    if (Date.now() > end) throw new Error(`waited ${deadline / 1000} s for ${what}${last}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}
