// Owns what the window asks about newer versions of the app, and whether one of them is news.
// Never keeps what was put away beyond the life of the window.
import type { Event, UpdateProgress, Updates } from "../ipc";
import type { App } from "./app.svelte";

/** A newer version that the person may not have heard of. */
export type News = Extract<UpdateProgress, { at: "available" | "ready" }>;

export class UpdatesState {
  /** The version whose news was put away. */
  #putAway = $state<string | null>(null);
  #events = 0;
  #asked = 0;
  #answered = 0;

  constructor(readonly app: App) {}

  see(event: Event): void {
    if (event.type === "updates") this.#events += 1;
  }

  get news(): News | null {
    const progress = this.app.state.updates?.progress;
    if (progress?.at !== "available" && progress?.at !== "ready") return null;
    return progress.version === this.#putAway ? null : progress;
  }

  /** No more of this version until the app starts again. */
  putAway(news: News): void {
    this.#putAway = news.version;
  }

  /** How it stands. Whoever did not ask for it is not told that it failed. */
  async ask(): Promise<void> {
    await this.#take(() => this.app.backend.updates()).catch(() => undefined);
  }

  /** Runs one of the commands. Says whether it worked. */
  tell(work: () => Promise<Updates>): Promise<boolean> {
    return this.app.attempt(() => this.#take(work));
  }

  /** Shows at once what was chosen, and takes that back where it was not kept. */
  async setLooks(looks: boolean): Promise<void> {
    const show = (chosen: boolean) => {
      const { updates } = this.app.state;
      if (updates !== null) this.app.dispatch({ type: "updates", updates: { ...updates, looks: chosen } });
    };
    show(looks);
    if (!(await this.tell(() => this.app.backend.setUpdates(looks)))) show(!looks);
  }

  /** Answers and events come by two ways: an event since the question is newer than its answer, and so is the answer to a later question. */
  async #take(work: () => Promise<Updates>): Promise<void> {
    const events = this.#events;
    this.#asked += 1;
    const asked = this.#asked;
    const updates = await work();
    if (events !== this.#events || asked < this.#answered) return;
    this.#answered = asked;
    this.app.dispatch({ type: "updates", updates });
  }
}
