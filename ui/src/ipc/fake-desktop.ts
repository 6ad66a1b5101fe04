// Owns the desktop around the window as the fake knows it: notifications, the tray, the start with the session.
import type { Desktop, NotificationChoices, Notifications, PauseFor } from "./generated";

const HOUR = 3_600;

/** What holds before anybody chose, as in crates/ipc. */
export const usualNotifications: Notifications = {
  choices: { shows: "name_and_text", mentions_through_mute: true, sound: true, attention: true, badge: true, quiet: null },
  paused_until: null,
  server: "ready",
};

export class FakeDesktop {
  notifications: Notifications = usualNotifications;
  desktop: Desktop = { tray: true, autostart: false };

  choose(choices: NotificationChoices): Notifications {
    return (this.notifications = { ...this.notifications, choices });
  }

  pause(howLong: PauseFor | null, now: number): Notifications {
    const paused_until = howLong === null ? null : now + (howLong === "hour" ? HOUR : 12 * HOUR);
    return (this.notifications = { ...this.notifications, paused_until });
  }
}
