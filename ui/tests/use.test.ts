import { expect, test } from "vitest";
import { FakeBackend } from "../src/ipc/fake";
import { App } from "../src/state/app.svelte";
import { TELL_EVERY, tellOfUse } from "../src/state/use";

test("use is told now and then, and only while a lock is set", async () => {
  const backend = FakeBackend.fromQuery("");
  const app = new App(backend);
  await app.connect();
  const page = new EventTarget();
  let at = 0;
  const stop = tellOfUse(app, page, () => at);
  const told = () => backend.calls.filter(([name]) => name === "inUse").length;
  page.dispatchEvent(new Event("keydown"));
  expect(told()).toBe(0);

  await backend.setLockAfter(5);
  page.dispatchEvent(new Event("keydown"));
  page.dispatchEvent(new Event("pointerdown"));
  expect(told()).toBe(1);
  at += TELL_EVERY;
  page.dispatchEvent(new Event("wheel"));
  expect(told()).toBe(2);

  await backend.lock();
  at += TELL_EVERY;
  page.dispatchEvent(new Event("keydown"));
  expect(told()).toBe(2);
  stop();
});
