// Owns a notification server that shows nothing and remembers everything.
// Never runs on a session bus that somebody uses: only on the one of the tests.
import dbus from "dbus-next";

const NAME = "org.freedesktop.Notifications";
const PATH = "/org/freedesktop/Notifications";
const REMEMBERED = 1_000;

class Server extends dbus.interface.Interface {
  constructor() {
    super(NAME);
    this.seen = [];
    this.closed = [];
    this.next = 1;
  }

  Notify(app, replaces, icon, summary, body, actions, hints, expires) {
    const id = replaces || this.next++;
    this.seen.push({ id, app, replaces, icon, summary, body, actions, hints: Object.keys(hints), urgency: hints.urgency?.value, expires });
    this.seen.splice(0, Math.max(0, this.seen.length - REMEMBERED));
    return id;
  }

  CloseNotification(id) {
    this.closed.push(id);
    this.closed.splice(0, Math.max(0, this.closed.length - REMEMBERED));
    this.NotificationClosed(id, 3);
  }

  GetCapabilities() {
    return ["actions", "body", "body-markup", "inline-reply", "persistence"];
  }

  GetServerInformation() {
    return ["recorder", "murmel", "1", "1.2"];
  }

  ActionInvoked(id, action) {
    return [id, action];
  }

  NotificationReplied(id, text) {
    return [id, text];
  }

  NotificationClosed(id, reason) {
    return [id, reason];
  }
}
Server.configureMembers({
  methods: {
    Notify: { inSignature: "susssasa{sv}i", outSignature: "u" },
    CloseNotification: { inSignature: "u", outSignature: "" },
    GetCapabilities: { inSignature: "", outSignature: "as" },
    GetServerInformation: { inSignature: "", outSignature: "ssss" },
  },
  signals: { ActionInvoked: { signature: "us" }, NotificationReplied: { signature: "us" }, NotificationClosed: { signature: "uu" } },
});

/** Takes the name on the session bus. */
export async function record() {
  const bus = dbus.sessionBus();
  const server = new Server();
  bus.export(PATH, server);
  await bus.requestName(NAME);
  return {
    /** Every notification so far, oldest first. */
    seen: () => [...server.seen],
    /** Numbers of those that the app took back, in order. */
    closed: () => [...server.closed],
    /** Acts as if the person had clicked it, or one of its buttons. */
    click(id, action = "default") {
      server.ActionInvoked(id, action);
      server.NotificationClosed(id, 2);
    },
    /** Acts as if the person had answered in it. */
    reply(id, text) {
      server.NotificationReplied(id, text);
      server.NotificationClosed(id, 2);
    },
    /** Leaves the bus to nobody, and comes back. */
    leave: () => bus.releaseName(NAME),
    comeBack: () => bus.requestName(NAME),
    stop: () => bus.disconnect(),
  };
}
