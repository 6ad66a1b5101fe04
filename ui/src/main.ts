import { mount } from "svelte";
import Root from "./Root.svelte";
import { chooseBackend } from "./ipc";
import { App } from "./state/app.svelte";
import { tellOfUse } from "./state/use";
import { theme } from "./state/theme.svelte";
import { speech } from "./words/say.svelte";
import "./style/tokens.css";
import "./style/base.css";

theme.start();
speech.start();
const backend = await chooseBackend();
const app = backend === null ? null : new App(backend);
if (app !== null) tellOfUse(app);
mount(Root, { target: document.body, props: { app } });
await app?.connect();
