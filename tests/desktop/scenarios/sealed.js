// Owns the scenario of a page that was taken over: what it can reach from the window.
import assert from "node:assert/strict";
import { openOutside } from "../lib/outside.js";

export function sealed(house, show) {
  const app = house.app("sealed");
  let outside;
  return {
    scenarios: {
      "commands that are not listed are refused": async () => {
        show(app);
        await app.start();
        await app.find("first-run-create");
        for (const command of ["plugin:dialog|open", "plugin:window|close", "plugin:webview|create_webview_window", "plugin:window-state|filename", "plugin:event|listen", "plugin:path|resolve_directory", "no_such_command"]) {
          const said = await app.invoke(command, {});
          assert.match(said, /^refused: .*not (allowed|found)/i, `${command}: ${said}`);
        }
        assert.match(await app.invoke("inspect_person", { text: "nobody" }), /^refused: .*invalid_person/);
      },
      "no network and no other window can be reached": async () => {
        outside = await openOutside();
        // Anybody else gets in, and is counted.
        assert.deepEqual(await outside.call("/picture.png"), { status: 200, kind: "image/png" });
        assert.deepEqual(await outside.call("/", { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" }), { status: 101, kind: "websocket" });
        const before = await outside.connections();
        assert.equal(before, 2);
        const outcomes = await app.script(probe, outside.url);
        assert.deepEqual(Object.entries(outcomes).filter(([, outcome]) => outcome !== "refused"), []);
        assert.equal(Object.keys(outcomes).length, 9);
        assert.equal(await outside.connections(), before, "something got through");
      },
      "no other page can be reached": async () => {
        const before = await outside.connections();
        const refused = await app.script((url) => {
          const violation = new Promise((resolve) => addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective), { once: true }));
          const form = Object.assign(document.createElement("form"), { action: url, method: "post" });
          document.body.append(form);
          form.submit();
          form.remove();
          return violation;
        }, outside.url);
        assert.equal(refused, "form-action");
        for (const leave of [(url) => void location.assign(url), (url) => void location.replace(url)]) {
          await app.script(() => void (document.documentElement.dataset.page = "own"));
          await app.script(leave, outside.url);
          // The system's web view decides over navigation before it answers this; had it agreed, the driver would wait for the new page.
          assert.match(await app.invoke("inspect_person", { text: "nobody" }), /^refused: .*invalid_person/);
          assert.deepEqual(await app.script(() => [location.protocol, document.documentElement.dataset.page]), ["tauri:", "own"]);
        }
        assert.equal(await outside.connections(), before, "something got through");
        await app.find("first-run-create");
      },
      "no script can be smuggled in": async () => {
        const ran = await app.script(async () => {
          const inline = document.createElement("script");
          inline.textContent = "document.documentElement.dataset.inline = 'ran'";
          document.body.append(inline);
          const picture = document.createElement("div");
          picture.innerHTML = "<img src=x onerror=\"document.documentElement.dataset.handler = 'ran'\">";
          document.body.append(picture);
          // Listeners are called in their order: the smuggled one would have been first.
          await new Promise((resolve) => picture.firstChild.addEventListener("error", resolve));
          return [document.documentElement.dataset.inline, document.documentElement.dataset.handler];
        });
        assert.deepEqual(ran, [null, null]);
        await app.stop();
      },
    },
    close: async () => {
      await app.stop();
      await outside?.close();
    },
  };
}

/** Tries, in the page, each way out; says of each whether it was refused. A way that neither opens nor fails makes the driver give up. */
async function probe(url) {
  const element = (name, fields) => (resolve) => {
    const made = Object.assign(document.createElement(name), { onload: () => resolve("loaded"), onerror: () => resolve("refused") }, fields);
    document.body.append(made);
  };
  const socket = (make) => (resolve) => {
    try {
      Object.assign(make(), { onopen: () => resolve("connected"), onerror: () => resolve("refused") });
    } catch {
      resolve("refused");
    }
  };
  // A frame that is refused still says that it has loaded, so here the word of the policy is waited for.
  const frame = (resolve) => {
    addEventListener("securitypolicyviolation", (event) => event.effectiveDirective === "frame-src" && resolve("refused"));
    document.body.append(Object.assign(document.createElement("iframe"), { src: `${url}/frame` }));
  };
  const ways = {
    fetch: (resolve) => fetch(url).then(() => resolve("fetched"), () => resolve("refused")),
    "fetch without an answer": (resolve) => fetch(url, { mode: "no-cors" }).then(() => resolve("fetched"), () => resolve("refused")),
    picture: element("img", { src: `${url}/picture.png` }),
    script: element("script", { src: `${url}/script.js` }),
    style: element("link", { rel: "stylesheet", href: `${url}/style.css` }),
    WebSocket: socket(() => new WebSocket(url.replace("http", "ws"))),
    EventSource: socket(() => new EventSource(`${url}/events`)),
    frame,
    window: (resolve) => resolve(window.open(url) === null ? "refused" : "opened"),
  };
  const outcomes = {};
  for (const [name, way] of Object.entries(ways)) outcomes[name] = await new Promise(way);
  return outcomes;
}
