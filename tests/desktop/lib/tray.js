// Owns a tray that shows nothing: it takes icons, reads them, and clicks them.
// Never runs on a session bus that somebody uses: only on the one of the tests.
import dbus from "dbus-next";

const NAME = "org.kde.StatusNotifierWatcher";
const ITEM = "org.kde.StatusNotifierItem";

class Watcher extends dbus.interface.Interface {
  constructor() {
    super(NAME);
    this.items = [];
  }

  RegisterStatusNotifierItem(service) {
    this.items.push(service);
  }

  RegisterStatusNotifierHost() {}

  get RegisteredStatusNotifierItems() {
    return this.items;
  }

  get IsStatusNotifierHostRegistered() {
    return true;
  }

  get ProtocolVersion() {
    return 0;
  }
}
Watcher.configureMembers({
  methods: {
    RegisterStatusNotifierItem: { inSignature: "s", outSignature: "" },
    RegisterStatusNotifierHost: { inSignature: "s", outSignature: "" },
  },
  properties: {
    RegisteredStatusNotifierItems: { signature: "as", access: "read" },
    IsStatusNotifierHostRegistered: { signature: "b", access: "read" },
    ProtocolVersion: { signature: "i", access: "read" },
  },
});

/** Takes the name on the session bus. */
export async function openTray() {
  const bus = dbus.sessionBus();
  const watcher = new Watcher();
  bus.export("/StatusNotifierWatcher", watcher);
  await bus.requestName(NAME);
  const item = async () => bus.getProxyObject(watcher.items.at(-1), "/StatusNotifierItem");
  const menu = async () => (await bus.getProxyObject(watcher.items.at(-1), "/MenuBar")).getInterface("com.canonical.dbusmenu");
  const entries = async () => {
    const [, [, , found]] = await (await menu()).GetLayout(0, -1, ["label"]);
    return found.map((entry) => ({ id: entry.value[0], label: entry.value[1].label?.value ?? "" }));
  };
  return {
    /** How many icons there are. */
    count: () => watcher.items.length,
    /** What a pointer over the newest icon reads. */
    async title() {
      const properties = (await item()).getInterface("org.freedesktop.DBus.Properties");
      return (await properties.Get(ITEM, "Title")).value;
    },
    /** Clicks the newest icon. */
    async click() {
      await (await item()).getInterface(ITEM).Activate(0, 0);
    },
    /** The words of the menu of the newest icon. */
    menu: async () => (await entries()).map((entry) => entry.label),
    /** Chooses from the menu of the newest icon. */
    async choose(label) {
      const { id } = (await entries()).find((entry) => entry.label === label);
      await (await menu()).Event(id, "clicked", new dbus.Variant("s", ""), 0);
    },
    stop: () => bus.disconnect(),
  };
}
