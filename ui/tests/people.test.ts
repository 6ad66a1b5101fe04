import { fireEvent, waitFor } from "@testing-library/svelte";
import { encode } from "uqr";
import { describe, expect, test, vi } from "vitest";
import { FakeBackend, stranger } from "../src/ipc/fake";
import { jonas, lena, mara, me } from "../src/ipc/fake-data";
import Root from "../src/Root.svelte";
import { personIn, qrPath, textInPixels } from "../src/state/qr";
import { byId, connected, maybe, ready, show } from "./kit";

async function root(backend: FakeBackend = ready()) {
  const app = await connected(backend);
  show(app, Root, { app });
  return { app, backend };
}

const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];

describe("choosing people", () => {
  async function newGroup() {
    const made = await root();
    made.app.dialog = "new-group";
    await waitFor(() => expect(maybe("new-group-person")).not.toBeNull());
    return made;
  }
  const type = (value: string) => fireEvent.input(byId("new-group-person"), { target: { value } });
  const press = (key: string) => fireEvent.keyDown(byId("new-group-person"), { key });

  test("a part of a name proposes people known here, and the arrows choose", async () => {
    await newGroup();
    await type("jonas w");
    await waitFor(() => expect(all("person-found")).toHaveLength(1));
    await press("ArrowDown");
    expect(byId("new-group-person").getAttribute("aria-activedescendant")).toBe(byId("person-found").id);
    await press("Enter");
    await waitFor(() => expect(byId("person-chip").dataset.pubkey).toBe(jonas.pubkey));
    expect((byId("new-group-person") as HTMLInputElement).value).toBe("");
  });

  test("a space in a name does not end it, and behind a key it does", async () => {
    await newGroup();
    await type("Mara");
    await press(" ");
    expect(byId("person-error").textContent).toBe("");
    await type(mara.npub);
    await press(" ");
    await waitFor(() => expect(byId("person-chip").dataset.pubkey).toBe(mara.pubkey));
  });

  test("each says whether they can be invited now", async () => {
    await newGroup();
    for (const npub of [jonas.npub, stranger]) {
      await type(npub);
      await press("Enter");
    }
    await waitFor(() => expect(all("person-invitable").map((one) => one.dataset.can)).toEqual(["true", "false"]));
    expect(all("person-invitable")[1]?.textContent).toContain("no key package");
  });

  test("who is chosen already is not proposed again", async () => {
    await newGroup();
    await type(jonas.npub);
    await press("Enter");
    await type("jonas");
    await waitFor(() => expect(byId("new-group-person").getAttribute("aria-expanded")).toBe("false"));
    expect(all("person-found")).toHaveLength(0);
  });
});

describe("QR codes", () => {
  test("what is shown can be read again from a picture of it", async () => {
    const { size, data } = encode(`nostr:${me.npub}`, { border: 4 });
    const scale = 4;
    const side = size * scale;
    const pixels = new Uint8ClampedArray(side * side * 4).fill(255);
    for (let y = 0; y < side; y += 1) {
      for (let x = 0; x < side; x += 1) {
        if (data[Math.floor(y / scale)]?.[Math.floor(x / scale)]) pixels.fill(0, (y * side + x) * 4, (y * side + x) * 4 + 3);
      }
    }
    const text = await textInPixels(pixels, side, side);
    expect(text).toBe(`nostr:${me.npub}`);
    expect(personIn(text ?? "")).toBe(me.npub);
  });

  test("a picture without a code is none", async () => {
    expect(await textInPixels(new Uint8ClampedArray(100 * 100 * 4).fill(255), 100, 100)).toBeNull();
  });

  test.each([
    ["an npub alone", me.npub, me.npub],
    ["a link of another app", `https://njump.example/${me.npub}?x=1`, me.npub],
    ["a secret key", "nsec1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", null],
    ["a web page", "https://example.org/", null],
    ["a script", "javascript:alert(1)", null],
  ])("%s", (_, text, key) => {
    expect(personIn(text)).toBe(key);
  });

  test("the code on the page has the squares of the text", () => {
    const { size, path } = qrPath("nostr:npub1test");
    expect(size).toBeGreaterThan(20);
    expect(path).toMatch(/^M\d+ \d+h1v1h-1z/u);
  });
});

describe("the card of a person", () => {
  async function card(npub = jonas.npub) {
    const made = await root();
    made.app.personOf = npub;
    await waitFor(() => expect(maybe("person-name")).not.toBeNull());
    return made;
  }

  test("a nickname is what they are called from then on", async () => {
    await card();
    await fireEvent.input(byId("nickname"), { target: { value: "Joni" } });
    await fireEvent.submit(byId("nickname").closest("form") as HTMLFormElement);
    await waitFor(() => expect(byId("person-name").textContent).toBe("Joni"));
    expect(byId("person-card").textContent).toContain("They call themselves Jonas Wirth");
  });

  test("blocking asks first and can be taken back", async () => {
    const { backend } = await card();
    await fireEvent.click(byId("person-block"));
    expect(await backend.blocked()).toHaveLength(0);
    await fireEvent.click(byId("confirm"));
    await waitFor(() => expect(maybe("person-blocked")).not.toBeNull());
    expect(maybe("person-message")).toBeNull();
    await fireEvent.click(byId("person-unblock"));
    await waitFor(() => expect(maybe("person-blocked")).toBeNull());
  });

  test("Message opens the conversation of two", async () => {
    const { app } = await card();
    await fireEvent.click(byId("person-message"));
    await waitFor(() => expect(app.state.openChat).toBe("b2".repeat(16)));
    expect(maybe("person-card")).toBeNull();
  });

  test("a failure is said on the card", async () => {
    const { backend } = await card();
    vi.spyOn(backend, "refreshPerson").mockRejectedValue({ code: "offline", message: "No relay could be reached.", retryable: true });
    await fireEvent.click(byId("person-refresh"));
    await waitFor(() => expect(byId("person-card-error").textContent).toBe("No relay could be reached."));
  });
});

describe("an invitation", () => {
  test("says who is in it and how many one knows", async () => {
    await root();
    expect(byId("request-people").textContent).toMatch(/In it:\s+Mara Okafor\s+and 9 others/u);
    expect(byId("request-known").textContent).toBe("1 of them you know");
  });

  test("Block takes it away, with the way back", async () => {
    const { backend } = await root();
    await fireEvent.click(byId("request-block"));
    await waitFor(() => expect(maybe("request-row")).toBeNull());
    expect((await backend.blocked()).map((one) => one.pubkey)).toEqual([lena.pubkey]);
    await fireEvent.click(byId("undo-button"));
    await waitFor(async () => expect(await backend.blocked()).toEqual([]));
  });
});

describe("the own profile", () => {
  async function profile() {
    const made = await root();
    made.app.dialog = "profile";
    await waitFor(() => expect((byId("profile-name") as HTMLInputElement).value).toBe(me.name));
    return made;
  }

  test("is published only on a press, and an earlier version can be published again", async () => {
    const { backend } = await profile();
    expect((byId("profile-publish") as HTMLButtonElement).disabled).toBe(true);
    await fireEvent.input(byId("profile-about"), { target: { value: "Rows slowly." } });
    expect(backend.profile.fields.about).toBe("");
    await fireEvent.click(byId("profile-publish"));
    await waitFor(() => expect(byId("profile-state").textContent).toBe("Published"));
    expect(backend.profile.fields.about).toBe("Rows slowly.");
    await waitFor(() => expect(maybe("profile-restore")).not.toBeNull());
    await fireEvent.click(byId("profile-restore"));
    await waitFor(() => expect(backend.profile.fields.about).toBe(""));
  });

  test("shows the code of the npub", async () => {
    await profile();
    expect(byId("qr").getAttribute("aria-label")).toContain("npub");
  });
});
