// Owns the scenario of a computer without a keychain: a passphrase seals the keys.
import assert from "node:assert/strict";

export function vault(house, show) {
  // Without a session bus there is no keychain to be found.
  const app = house.app("vault", { DBUS_SESSION_BUS_ADDRESS: `unix:path=${house.place}/no-bus` });
  return {
    scenarios: {
      "without a keychain a passphrase is asked for": async () => {
        show(app);
        await app.start();
        await app.type("passphrase", "a long passphrase");
        await app.type("passphrase-again", "another one");
        assert.equal(await (await app.find("first-run-create")).isEnabled(), false);
        await app.type("passphrase-again", "a long passphrase");
        await app.click("first-run-create");
        await app.find("main");
      },
      "the profile is locked when it is opened again, and the passphrase opens it": async () => {
        await app.stop();
        await app.start();
        await app.type("unlock-passphrase", "a wrong one");
        await app.click("unlock");
        assert.match(await app.text("unlock-error"), /passphrase/i);
        await app.type("unlock-passphrase", "a long passphrase");
        await app.click("unlock");
        await app.find("main");
        await app.stop();
      },
    },
    close: () => app.stop(),
  };
}
