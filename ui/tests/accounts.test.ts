import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";
import { FakeBackend } from "../src/ipc/fake";
import { fakeNpub } from "../src/ipc/fake-data";
import Root from "../src/Root.svelte";
import { byId, connected, maybe, ready, show } from "./kit";

const OTHER = fakeNpub(4_711);

async function root(backend: FakeBackend = ready()) {
  backend.accounts.put({ npub: OTHER, name: "Work", state: "open", unread: 120 });
  const app = await connected(backend);
  show(app, Root, { app });
  return { app, backend };
}

const accounts = () => [...document.querySelectorAll<HTMLElement>('[data-testid="account"]')];
const press = (key: string, more: object = {}) => fireEvent.keyDown(document.body, { key, ...more });

describe("L5: the rail", () => {
  test("shows every account with what is unread in it, in words too", async () => {
    await root();
    expect(accounts()).toHaveLength(2);
    expect(accounts()[0]?.getAttribute("aria-current")).toBe("true");
    expect(accounts()[1]?.getAttribute("aria-label")).toBe("Work, 120 unread");
    expect(byId("account-unread").textContent).toBe("99+");
  });

  test("switches by a press, and by Ctrl+Alt with Page Up and Page Down, round and round", async () => {
    const { app } = await root();
    const first = app.state.current;
    await fireEvent.click(accounts()[1] as HTMLElement);
    await waitFor(() => expect(app.state.current).toBe(OTHER));
    await press("PageDown", { ctrlKey: true, altKey: true });
    await waitFor(() => expect(app.state.current).toBe(first));
    await press("PageUp", { ctrlKey: true, altKey: true });
    await waitFor(() => expect(app.state.current).toBe(OTHER));
  });

  test("a locked account says so, and asks for its passphrase when it is chosen", async () => {
    const { app, backend } = await root();
    backend.accounts.put({ npub: OTHER, name: "Work", state: "locked", unread: 0 });
    backend.accounts.safety = { ...backend.accounts.safety, key_place: "vault", recovery: true };
    await app.connect();
    await waitFor(() => expect(accounts()[1]?.getAttribute("aria-label")).toBe("Work, locked"));
    await fireEvent.click(accounts()[1] as HTMLElement);
    await waitFor(() => expect(maybe("unlock-passphrase")).not.toBeNull());
    expect(maybe("recover-open")).not.toBeNull();
    // The other account is still at hand.
    await fireEvent.click(accounts()[0] as HTMLElement);
    await waitFor(() => expect(maybe("main")).not.toBeNull());
  });

  test("an account is added with the form of the first run", async () => {
    const { app, backend } = await root();
    await fireEvent.click(byId("account-add"));
    await waitFor(() => expect(maybe("add-account")).not.toBeNull());
    await fireEvent.input(byId("first-run-name"), { target: { value: "Third" } });
    await fireEvent.click(byId("first-run-create"));
    await waitFor(() => expect(maybe("add-account")).toBeNull());
    expect(backend.calls.some(([name]) => name === "createIdentity")).toBe(true);
    expect(app.dialog).toBeNull();
  });

  test("a key in the keychain unlocks without a passphrase", async () => {
    const { app, backend } = await root();
    const unlock = vi.spyOn(backend, "unlock");
    await fireEvent.click(byId("lock"));
    await waitFor(() => expect(maybe("unlock")).not.toBeNull());
    expect(maybe("unlock-passphrase")).toBeNull();
    await fireEvent.click(byId("unlock"));
    await waitFor(() => expect(unlock).toHaveBeenCalledWith({ passphrase: "" }));
    expect(app.state.session?.state).toBeDefined();
  });
});
