import { mount } from "svelte";
import Root from "./Root.svelte";
import { chooseBackend } from "./ipc";
import { App } from "./state/app.svelte";
import { tellOfUse } from "./state/use";
import { look } from "./state/look.svelte";
import { speech } from "./words/say.svelte";
import "./style/tokens.css";
import "./style/base.css";

look.start();
speech.start();
const backend = await chooseBackend();
if (backend !== null) {
  look.onzoom = (factor) => void backend.setZoom(factor).catch(() => undefined);
  if (look.zoom !== 1) look.onzoom(look.zoom);
}
const app = backend === null ? null : new App(backend);
if (app !== null) tellOfUse(app);
const parts = import.meta.env.MODE !== "production" && app !== null && new URLSearchParams(window.location.search).has("components");
if (parts) mount((await import("./dev/Components.svelte")).default, { target: document.body, props: { app } });
else mount(Root, { target: document.body, props: { app } });
await app?.connect();
if (import.meta.env.MODE !== "production" && app !== null) await (await import("./dev/query")).openByQuery(app, window.location.search);
