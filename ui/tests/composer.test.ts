import { cleanup, fireEvent, waitFor } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";
import Composer from "../src/parts/Composer.svelte";
import { closedWords } from "../src/words/message";
import { byId, connected, maybe, ready, show } from "./kit";

async function composer(closed: string | null = null) {
  const backend = ready();
  const app = await connected(backend);
  const [first, second] = app.state.chats.map((row) => row.id);
  if (first === undefined || second === undefined) throw new Error("no chats");
  const put = (chat: string) => show(app, Composer, { chat, closed, find: () => undefined });
  put(first);
  return { backend, app, first, second, put };
}

const field = () => byId("composer") as HTMLTextAreaElement;
const write = (value: string) => fireEvent.input(field(), { target: { value } });
const sent = (calls: [string, ...unknown[]][]) => calls.filter(([name]) => name === "send").map(([, args]) => args);

describe("keys", () => {
  test("Enter sends the text and empties the field, which keeps the focus", async () => {
    const { backend, first } = await composer();
    await write("Hello there");
    await fireEvent.keyDown(field(), { key: "Enter" });
    await waitFor(() => expect(sent(backend.calls)).toEqual([{ chat: first, text: "Hello there", reply_to: null }]));
    expect(field().value).toBe("");
    expect(document.activeElement).toBe(field());
  });

  test("Shift+Enter is left to the field, which breaks the line", async () => {
    const { backend } = await composer();
    await write("Hello");
    const untouched = await fireEvent.keyDown(field(), { key: "Enter", shiftKey: true });
    expect(untouched).toBe(true);
    expect(sent(backend.calls)).toEqual([]);
    expect(field().value).toBe("Hello");
  });

  test.each([{ isComposing: true }, { keyCode: 229 }])("Enter that ends a composition sends nothing: %j", async (composing) => {
    const { backend } = await composer();
    await write("にほん");
    await fireEvent.keyDown(field(), { key: "Enter", ...composing });
    expect(sent(backend.calls)).toEqual([]);
    expect(field().value).toBe("にほん");
  });

  test("white space alone is not sent", async () => {
    const { backend } = await composer();
    await write(" \n ");
    await fireEvent.keyDown(field(), { key: "Enter" });
    expect(sent(backend.calls)).toEqual([]);
    expect((byId("send") as HTMLButtonElement).disabled).toBe(true);
  });

  test("messages sent quickly go out in the order of typing", async () => {
    const { backend } = await composer();
    for (const text of ["one", "two", "three"]) {
      await write(text);
      await fireEvent.keyDown(field(), { key: "Enter" });
    }
    await waitFor(() => expect(sent(backend.calls)).toMatchObject([{ text: "one" }, { text: "two" }, { text: "three" }]));
  });
});

describe("drafts", () => {
  test("are kept for each chat when one switches", async () => {
    const { first, second, put } = await composer();
    await write("half a thought");
    cleanup();
    put(second);
    expect(field().value).toBe("");
    await write("another");
    cleanup();
    put(first);
    expect(field().value).toBe("half a thought");
  });

  test("a text that could not be sent comes back, with the reason", async () => {
    const { backend, app } = await composer();
    vi.spyOn(backend, "send").mockRejectedValue({ code: "disk_full", message: "The disk is full.", retryable: true });
    await write("precious");
    await fireEvent.keyDown(field(), { key: "Enter" });
    await waitFor(() => expect(field().value).toBe("precious"));
    expect(app.notice).toBe("The disk is full.");
  });

  /** A backend that refuses every text, but only once told. */
  function refusing(backend: Awaited<ReturnType<typeof composer>>["backend"]) {
    let refuse: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (refuse = resolve));
    vi.spyOn(backend, "send").mockImplementation(async () => {
      await gate;
      throw { code: "disk_full", message: "The disk is full.", retryable: true };
    });
    return () => refuse();
  }

  test("texts that could not be sent come back in front of what was written since, in their order", async () => {
    const { backend, app, first } = await composer();
    const refuse = refusing(backend);
    for (const text of ["one", "two"]) {
      await write(text);
      await fireEvent.keyDown(field(), { key: "Enter" });
    }
    await write("and then");
    refuse();
    await waitFor(() => expect(field().value).toBe("one\ntwo\nand then"));
    expect(app.drafts.get(first).text).toBe("one\ntwo\nand then");
  });

  test("a text that could not be sent comes back into the composer that is open by then", async () => {
    const { backend, app, first, second, put } = await composer();
    const refuse = refusing(backend);
    await write("precious");
    await fireEvent.keyDown(field(), { key: "Enter" });
    cleanup();
    put(second);
    await write("for others");
    cleanup();
    put(first);
    await write("more");
    refuse();
    await waitFor(() => expect(field().value).toBe("precious\nmore"));
    expect(app.drafts.get(second).text).toBe("for others");
  });
});

describe("a closed group", () => {
  test("says why, and keeps what was typed", async () => {
    const { first, app } = await composer();
    await write("too late");
    cleanup();
    show(app, Composer, { chat: first, closed: closedWords("removed"), find: () => undefined });
    expect(byId("composer-closed").textContent).toContain("An admin removed you");
    expect(field().value).toBe("too late");
    expect(field().readOnly).toBe(true);
    await fireEvent.keyDown(field(), { key: "Enter" });
    expect(field().value).toBe("too late");
    expect(maybe("composer-closed")).not.toBeNull();
  });
});
