// Owns a first launch that ends at the very moment when a second one asks it to take over.
// Never runs on a session bus that somebody uses: only on the one of the tests.
import dbus from "dbus-next";

const NAME = /^chat\.murmel\.desktop\..*\.SingleInstance$/;

/** The names that running apps have on the session bus. */
export async function launchesOnTheBus() {
  const bus = dbus.sessionBus();
  const daemon = (await bus.getProxyObject("org.freedesktop.DBus", "/org/freedesktop/DBus")).getInterface("org.freedesktop.DBus");
  const names = await daemon.ListNames();
  bus.disconnect();
  return names.filter((name) => NAME.test(name));
}

/** Takes `name`; `asked` answers how often somebody asked. */
export async function pretendToEnd(name) {
  const bus = dbus.sessionBus();
  let asked = 0;
  // No answer is given, as none comes from a process that ends.
  bus.addMethodHandler((message) => {
    if (message.member !== "ExecuteCallback") return false;
    asked += 1;
    bus.disconnect();
    return true;
  });
  await bus.requestName(name);
  return { asked: () => asked };
}
