// Owns the scenario of a page that was taken over: what it can reach from the window.
import assert from "node:assert/strict";

export function sealed(house, show) {
  const app = house.app("sealed");
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
      "no network, no other page and no other window can be reached": async () => {
        const reached = await app.script(async (url) => {
          const outcomes = [];
          outcomes.push(await fetch(url).then(() => "fetched", () => "refused"));
          outcomes.push(await new Promise((done) => Object.assign(new Image(), { onload: () => done("loaded"), onerror: () => done("refused"), src: `${url}/x.png` })));
          try {
            new WebSocket(url.replace("http", "ws")).onopen = () => outcomes.push("connected");
          } catch {
            outcomes.push("refused");
          }
          outcomes.push(window.open(url) === null ? "refused" : "opened");
          return outcomes;
        }, house.relay.replace("ws", "http"));
        for (const outcome of reached) assert.equal(outcome, "refused", JSON.stringify(reached));
        await app.script((url) => void (location.href = url), house.relay.replace("ws", "http"));
        assert.equal(await app.script(() => location.protocol), "tauri:");
        await app.find("first-run-create");
      },
      "no script can be smuggled in": async () => {
        const ran = await app.script(() => {
          const inline = document.createElement("script");
          inline.textContent = "document.documentElement.dataset.inline = 'ran'";
          document.body.append(inline);
          const picture = document.createElement("div");
          picture.innerHTML = "<img src=x onerror=\"document.documentElement.dataset.handler = 'ran'\">";
          document.body.append(picture);
          return new Promise((done) => setTimeout(() => done([document.documentElement.dataset.inline, document.documentElement.dataset.handler]), 300));
        });
        assert.deepEqual(ran, [null, null]);
        await app.stop();
      },
    },
    close: () => app.stop(),
  };
}
