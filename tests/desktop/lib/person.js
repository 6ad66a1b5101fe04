// Owns people who chat from a terminal: each a profile of murmel-cli with a vault.
// Never runs two commands of one person at a time: a profile has one owner.
import { built, run } from "./programs.js";
import { until } from "./wait.js";

export class Person {
  #before = Promise.resolve();

  /** Creates the identity and waits until it is published. */
  static async make({ name, home, env, relay }) {
    const person = new Person();
    person.name = name;
    person.home = home;
    person.relay = relay;
    person.env = { ...env, MURMEL_PASSPHRASE: `passphrase of ${name}` };
    const shown = await person.cli("identity", "new", "--name", name);
    person.npub = shown.npub;
    person.pubkey = shown.pubkey;
    await until(`${name}'s key package`, async () => (await person.cli("identity", "show")).published || !(await person.cli("sync")));
    return person;
  }

  /** One command; its `result`, or an error with the command's words. */
  cli(...args) {
    const turn = this.#before.then(async () => {
      const done = await run(built("murmel-cli"), ["--home", this.home, "--json", "--relay", this.relay, ...args], { env: this.env });
      const answer = JSON.parse(done.stdout || '{"ok":false,"error":{"message":"no answer"}}');
      if (!answer.ok) throw new Error(`${this.name}: murmel-cli ${args.join(" ")}: ${answer.error.message} ${done.stderr}`);
      return answer.result;
    });
    this.#before = turn.catch(() => {});
    return turn;
  }

  /** Accepts the one invitation that comes; returns the group. */
  async accept() {
    const request = await until(`an invitation for ${this.name}`, async () => (await this.cli("requests", "list")).requests[0]);
    return (await this.cli("requests", "accept", request.id)).id;
  }

  send(group, text, ...more) {
    return this.cli("send", group, text, ...more);
  }

  /** What came over the wire, oldest first. */
  async messages(group) {
    return (await this.cli("messages", group)).messages;
  }

  /** Waits until a text is here; returns the message. */
  receives(group, text) {
    return until(`${this.name} to receive ${JSON.stringify(text)}`, async () =>
      (await this.cli("messages", group)).messages.find((message) => message.content === text),
    );
  }
}
