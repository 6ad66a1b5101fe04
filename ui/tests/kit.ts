// Owns how a component is put on the test page with the fake backend behind it.
import { render } from "@testing-library/svelte";
import type { Component } from "svelte";
import { FakeBackend } from "../src/ipc/fake";
import { App } from "../src/state/app.svelte";
import Frame from "./Frame.svelte";

export const NOW = 1_800_000_000;

export function ready(): FakeBackend {
  return FakeBackend.fromQuery("?fake=ready");
}

export async function connected(backend: FakeBackend): Promise<App> {
  const app = new App(backend);
  await app.connect();
  return app;
}

/** Mounts `component` as it would be mounted in the window of `app`. */
export function show<P extends Record<string, unknown>>(app: App, component: Component<P, object, keyof P | "">, props: P) {
  const shown = component as unknown as Component<Record<string, unknown>>;
  return render(Frame, { props: { app, component: shown, props: { ...props } } });
}

export function byId(id: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
  if (found === null) throw new Error(`no element ${id} in ${document.body.innerHTML.slice(0, 600)}`);
  return found;
}

export function maybe(id: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
}
