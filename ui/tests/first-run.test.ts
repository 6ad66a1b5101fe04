import { fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";
import { FakeBackend } from "../src/ipc/fake";
import { me } from "../src/ipc/fake-data";
import FirstRun from "../src/screens/FirstRun.svelte";
import KeyUnavailable from "../src/screens/KeyUnavailable.svelte";
import Locked from "../src/screens/Locked.svelte";
import { say } from "../src/words/say.svelte";
import { byId, connected, maybe, show } from "./kit";

const NSEC = `nsec1${"q".repeat(58)}`;
const NCRYPTSEC = `ncryptsec1${"q".repeat(60)}`;

async function firstRun(keyPlace: "keychain" | "vault" = "keychain") {
  const backend = new FakeBackend({ state: "first_run", key_place: keyPlace });
  const app = await connected(backend);
  show(app, FirstRun, { keyPlace });
  return { backend, app };
}

async function type(id: string, value: string) {
  await fireEvent.input(byId(id), { target: { value } });
}

const disabled = (id: string) => (byId(id) as HTMLButtonElement).disabled;

describe("O1: a new identity", () => {
  test("is created with the name, without a passphrase where there is a keychain", async () => {
    const { backend, app } = await firstRun();
    await type("first-run-name", "  Ada ");
    await fireEvent.submit(byId("first-run-create").closest("form") as HTMLFormElement);
    await waitFor(() => expect(app.state.session?.state).toBe("ready"));
    expect(backend.calls).toContainEqual(["createIdentity", { name: "Ada", passphrase: null }]);
  });

  test("needs the same passphrase twice where there is no keychain", async () => {
    const { backend, app } = await firstRun("vault");
    expect(disabled("first-run-create")).toBe(true);
    await type("passphrase", "long enough");
    await type("passphrase-again", "long enoug");
    expect(byId("passphrase-problem").textContent).toContain("not the same");
    expect(disabled("first-run-create")).toBe(true);
    await type("passphrase-again", "long enough");
    expect(disabled("first-run-create")).toBe(false);
    await fireEvent.click(byId("first-run-create"));
    await waitFor(() => expect(app.state.session?.state).toBe("ready"));
    expect(backend.calls).toContainEqual(["createIdentity", { name: "", passphrase: "long enough" }]);
  });

  test("a short passphrase is refused with the reason", async () => {
    await firstRun("vault");
    await type("passphrase", "short");
    await type("passphrase-again", "short");
    expect(byId("passphrase-problem").textContent).toContain("at least 8");
    expect(disabled("first-run-create")).toBe(true);
  });

  test("a keychain that turns out to be missing brings up the passphrase and the reason", async () => {
    const { backend } = await firstRun();
    const message = "This computer has no keychain. Choose a passphrase instead.";
    vi.spyOn(backend, "createIdentity").mockRejectedValue({ code: "keychain_missing", message, retryable: false });
    await fireEvent.click(byId("first-run-create"));
    await waitFor(() => expect(byId("first-run-error").textContent).toBe(message));
    expect(maybe("passphrase")).not.toBeNull();
    expect(disabled("first-run-create")).toBe(true);
  });

  test("one click is one identity", async () => {
    const { backend } = await firstRun();
    const create = vi.spyOn(backend, "createIdentity").mockReturnValue(new Promise(() => undefined));
    const form = byId("first-run-create").closest("form") as HTMLFormElement;
    await fireEvent.submit(form);
    await fireEvent.submit(form);
    expect(create).toHaveBeenCalledTimes(1);
  });
});

describe("O3: a key that exists", () => {
  async function existing(keyPlace: "keychain" | "vault" = "keychain") {
    const all = await firstRun(keyPlace);
    await fireEvent.click(byId("first-run-existing"));
    return all;
  }

  test("is checked while one types, and previews whose it is and where it will be kept", async () => {
    const { backend, app } = await existing();
    expect(disabled("first-run-import")).toBe(true);
    await type("first-run-import-key", ` ${NSEC}\n`);
    await waitFor(() => expect(byId("key-preview-npub").textContent).toBe(me.npub));
    expect(byId("key-preview").textContent).toContain("keychain");
    expect(disabled("first-run-import")).toBe(false);
    await fireEvent.click(byId("first-run-import"));
    await waitFor(() => expect(app.state.session?.state).toBe("ready"));
    expect(backend.calls).toContainEqual(["importIdentity", { key: NSEC, password: null, passphrase: null }]);
  });

  test("that is none gets a clear message and cannot be used", async () => {
    await existing();
    await type("first-run-import-key", "nsec1nonsense");
    await waitFor(() => expect(byId("key-error").textContent).toContain("not a Nostr secret key"));
    expect(disabled("first-run-import")).toBe(true);
  });

  test("that changes after the check is checked again before it can be used", async () => {
    await existing();
    await type("first-run-import-key", NSEC);
    await waitFor(() => expect(maybe("key-preview")).not.toBeNull());
    await type("first-run-import-key", `${NSEC}x`);
    expect(maybe("key-preview")).toBeNull();
    expect(disabled("first-run-import")).toBe(true);
  });

  test("an answer that comes late does not speak for what was typed since", async () => {
    const { backend } = await existing();
    let answer: (preview: Awaited<ReturnType<FakeBackend["inspectKey"]>>) => void = () => undefined;
    const inspect = vi.spyOn(backend, "inspectKey").mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
    await type("first-run-import-key", NSEC);
    await waitFor(() => expect(inspect).toHaveBeenCalledTimes(1));
    await type("first-run-import-key", "nsec1nonsense");
    answer({ kind: "nsec", npub: me.npub, key_place: "keychain" });
    await waitFor(() => expect(maybe("key-error")).not.toBeNull());
    expect(maybe("key-preview")).toBeNull();
    expect(disabled("first-run-import")).toBe(true);
  });

  test("that is no longer seen cannot be imported", async () => {
    const { backend } = await existing();
    await type("first-run-import-key", NSEC);
    await waitFor(() => expect(disabled("first-run-import")).toBe(false));
    await fireEvent.click(byId("first-run-new"));
    await fireEvent.click(byId("first-run-existing"));
    expect((byId("first-run-import-key") as HTMLInputElement).value).toBe("");
    expect(disabled("first-run-import")).toBe(true);
    await fireEvent.submit(byId("first-run-import").closest("form") as HTMLFormElement);
    expect(backend.calls.map(([name]) => name)).not.toContain("importIdentity");
  });

  test("whose check is answered after one looked away cannot be imported", async () => {
    const { backend } = await existing();
    let answer: (preview: Awaited<ReturnType<FakeBackend["inspectKey"]>>) => void = () => undefined;
    const inspect = vi.spyOn(backend, "inspectKey").mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
    await type("first-run-import-key", NSEC);
    await waitFor(() => expect(inspect).toHaveBeenCalledTimes(1));
    await fireEvent.click(byId("first-run-new"));
    answer({ kind: "nsec", npub: me.npub, key_place: "keychain" });
    await Promise.resolve();
    await fireEvent.click(byId("first-run-existing"));
    expect(disabled("first-run-import")).toBe(true);
  });

  test("an ncryptsec asks for its password and says when it is wrong", async () => {
    const { backend, app } = await existing();
    await type("first-run-import-key", NCRYPTSEC);
    await waitFor(() => expect(maybe("first-run-import-password")).not.toBeNull());
    expect(disabled("first-run-import")).toBe(true);
    await type("first-run-import-password", "wrong");
    await waitFor(() => expect(byId("key-error").textContent).toContain("does not open"), { timeout: 3_000 });
    await type("first-run-import-password", "correct");
    await waitFor(() => expect(byId("key-preview-npub").textContent).toBe(me.npub), { timeout: 3_000 });
    await fireEvent.click(byId("first-run-import"));
    await waitFor(() => expect(app.state.session?.state).toBe("ready"));
    expect(backend.calls).toContainEqual(["importIdentity", { key: NCRYPTSEC, password: "correct", passphrase: null }]);
  });
});

test("the try starts with one click", async () => {
  const { app } = await firstRun();
  await fireEvent.click(byId("first-run-try"));
  await waitFor(() => expect(app.state.session).toMatchObject({ state: "ready", account: { try_it: true } }));
});

test("a vault opens with its passphrase only", async () => {
  const app = await connected(FakeBackend.fromQuery("?fake=locked"));
  show(app, Locked, { npub: me.npub, keyPlace: "vault", recovery: false });
  await type("unlock-passphrase", "wrong");
  await fireEvent.click(byId("unlock"));
  await waitFor(() => expect(byId("unlock-error").textContent).toContain("does not open"));
  expect(app.state.session?.state).toBe("locked");
  await type("unlock-passphrase", "correct");
  await fireEvent.click(byId("unlock"));
  await waitFor(() => expect(app.state.session?.state).toBe("ready"));
});

describe("a key that cannot be had", () => {
  test("is asked for again once the keychain is open", async () => {
    const app = await connected(FakeBackend.fromQuery("?fake=unavailable"));
    const session = app.state.session;
    if (session?.state !== "key_unavailable") throw new Error("the fake has another session");
    show(app, KeyUnavailable, session);
    await fireEvent.click(document.querySelector("button") as HTMLButtonElement);
    await waitFor(() => expect(app.state.session?.state).toBe("ready"));
  });

  test("offers nothing where it is gone for good", async () => {
    const session = {
      state: "key_unavailable" as const, npub: me.npub, reason: "key_gone" as const, retryable: false, recovery: false, message: "The key is gone.",
    };
    const app = await connected(new FakeBackend(session));
    show(app, KeyUnavailable, session);
    expect(document.querySelectorAll("button")).toHaveLength(0);
    expect(document.body.textContent).toContain("The key is gone.");
    expect(document.body.textContent).toContain(say.unavailable.safe);
  });

  test("a missing database is not said to be still there, and no code is asked for that opens nothing", async () => {
    const session = {
      state: "key_unavailable" as const, npub: me.npub, reason: "database_missing" as const, retryable: false, recovery: true, message: "It is missing.",
    };
    const app = await connected(new FakeBackend(session));
    show(app, KeyUnavailable, session);
    expect(document.body.textContent).toContain(say.unavailable.damaged);
    expect(document.body.textContent).not.toContain(say.unavailable.safe);
    expect(document.querySelectorAll("input")).toHaveLength(0);
  });
});
