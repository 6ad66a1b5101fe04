// Owns what the fake backend knows of people, and what was decided about chats and about them.
// Never holds a conversation: `fake.ts` does.
import { fakeNpub, jonas, lena, mara, me, sami } from "./fake-data";
import type {
  ChatRow, Draft, ErrorCode, EventKind, Invitable, IpcError, MemberView, MessageView, MuteFor, OwnProfile, PersonPreview, PersonView,
  ProfileFields, ProfileVersion, Refusal, RequestView,
} from "./generated";

export function refuse(code: ErrorCode, message: string, retryable = false): IpcError {
  return { code, message, retryable };
}

export const noKeyPackage: Refusal = { obstacle: "no_key_package", reason: "This person cannot be invited: they have published no key package." };

const SECONDS: Record<Exclude<MuteFor, "always">, number> = { hour: 3_600, eight_hours: 28_800, day: 86_400, week: 604_800 };

const abouts = new Map([
  [jonas.pubkey, { about: "Trains, huts, and the long way round.", address: "jonas@wirth.example", address_state: "verified" as const }],
  [mara.pubkey, { about: "Reads slowly.\nCooks fast.", address: "mara@okafor.example", address_state: "unknown" as const }],
]);

/** Somebody as the fake knows them. */
export function personOf(member: MemberView): PersonView {
  const said = abouts.get(member.pubkey);
  return {
    pubkey: member.pubkey, npub: member.npub, name: member.name, nickname: "", profile_name: member.name,
    about: said?.about ?? "", picture: null, website: null,
    address: said?.address ?? null, address_state: said?.address_state ?? "unknown", address_at: said === undefined ? null : 1_790_000_000,
    looked_at: 1_790_000_000, is_me: member.is_me, is_contact: !member.is_me, is_blocked: false, chats: [], conversation: null,
  };
}

export abstract class FakePeople {
  abstract chats: ChatRow[];
  abstract requests: RequestView[];
  abstract messages: Map<string, MessageView[]>;
  abstract calls: [string, ...unknown[]][];
  abstract now: () => number;
  abstract emit(kind: EventKind): void;
  abstract inspectPerson(text: string): Promise<PersonPreview>;
  abstract createGroup(args: { name: string; description: string; people: string[] }): Promise<{ chat: string }>;

  people = new Map([me, jonas, mara, sami, { ...lena, is_admin: false }].map((one) => [one.pubkey, personOf(one)]));
  drafts = new Map<string, Draft>();
  profile: OwnProfile = {
    fields: { name: me.name, about: "", picture: "", website: "", address: "" }, published_at: 1_790_000_000, other_fields: ["lud16"],
  };
  versions: ProfileVersion[] = [];

  async pin(chat: string, pinned: boolean): Promise<void> {
    const others = this.#pinned().filter((one) => one !== chat);
    if (!pinned) this.#row(chat, { pinned: null });
    this.#places(pinned ? [...others, chat] : others);
    if (pinned) this.#row(chat, { archived: false });
  }

  async orderPins(chats: string[]): Promise<void> {
    const pinned = this.#pinned();
    this.#places([...chats.filter((one) => pinned.includes(one)), ...pinned.filter((one) => !chats.includes(one))]);
  }

  async archive(chat: string, archived: boolean): Promise<void> {
    this.#row(chat, archived ? { archived, pinned: null } : { archived });
  }

  async mute(chat: string, howLong: MuteFor | null): Promise<void> {
    const until = howLong === null || howLong === "always" ? null : this.now() + SECONDS[howLong];
    this.#row(chat, { muted: howLong === null ? null : { until } });
  }

  async markUnread(chat: string, unread: boolean): Promise<void> {
    this.#row(chat, { marked_unread: unread });
  }

  async unreadMentions(chat: string): Promise<number[]> {
    const mentions = this.chats.find((row) => row.id === chat)?.mentions ?? 0;
    const all = (this.messages.get(chat) ?? []).filter((one) => one.mentions_me).map((one) => one.id);
    return mentions === 0 ? [] : all.slice(-mentions);
  }

  async draft(chat: string): Promise<Draft> {
    return this.drafts.get(chat) ?? { text: "", reply_to: null, edit: null };
  }

  async setDraft(chat: string, draft: Draft): Promise<void> {
    this.drafts.set(chat, draft);
    this.#row(chat, { draft: draft.text.trim().split("\n")[0] ?? "" });
  }

  async person(person: string): Promise<PersonView> {
    const { pubkey, npub, is_me } = await this.inspectPerson(person);
    const name = `${npub.slice(0, 12)}…${npub.slice(-6)}`;
    const known = this.people.get(pubkey) ?? {
      ...personOf({ pubkey, npub, name, is_me, is_admin: false, invitation: null }), profile_name: "", looked_at: null, is_contact: false,
    };
    const conversation = this.chats.find((row) => row.direct === pubkey)?.id ?? null;
    return { ...known, conversation };
  }

  async setNickname(person: string, nickname: string): Promise<PersonView> {
    const known = await this.person(person);
    return this.#decide({ ...known, nickname, name: nickname === "" ? known.profile_name || known.name : nickname, is_contact: true });
  }

  async block(person: string): Promise<PersonView> {
    const blocked = await this.#decide({ ...(await this.person(person)), is_blocked: true });
    for (const request of this.requests.filter((one) => one.inviter === blocked.pubkey)) {
      this.requests = this.requests.filter((one) => one !== request);
      this.emit({ type: "request_removed", id: request.id });
    }
    return blocked;
  }

  async unblock(person: string): Promise<PersonView> {
    return this.#decide({ ...(await this.person(person)), is_blocked: false });
  }

  async blocked(): Promise<PersonView[]> {
    return [...this.people.values()].filter((one) => one.is_blocked);
  }

  async refreshPerson(person: string): Promise<PersonView> {
    return this.#decide({ ...(await this.person(person)), looked_at: this.now() });
  }

  async verifyAddress(person: string): Promise<PersonView> {
    const known = await this.person(person);
    if (known.address === null) throw refuse("invalid_input", "This person gives no address.");
    return this.#decide({ ...known, address_state: "verified", address_at: this.now() });
  }

  /** People known here whose name, address or key fits; everybody for an empty text. */
  async findPeople(text: string): Promise<PersonView[]> {
    const wanted = text.trim().toLowerCase();
    const fits = (one: PersonView) =>
      [one.name, one.profile_name, one.npub, one.pubkey, one.address ?? ""].some((words) => words.toLowerCase().includes(wanted));
    return [...this.people.values()].filter((one) => !one.is_me && !one.is_blocked && fits(one));
  }

  /** Asks the network who a text names. */
  async findPerson(text: string): Promise<PersonView> {
    const known = [...this.people.values()].find((one) => one.address === text.trim().toLowerCase());
    if (known !== undefined) return known;
    if (text.includes("@")) throw refuse("not_found", "This host names nobody by that address.");
    return this.person(text);
  }

  async canInvite(people: string[]): Promise<Invitable[]> {
    return people.map((npub) => {
      const known = [...this.people.values()].some((one) => one.npub === npub || one.pubkey === npub);
      return { npub, refusal: known ? null : noKeyPackage };
    });
  }

  async conversationWith(person: string): Promise<string> {
    this.calls.push(["conversationWith", person]);
    const known = await this.person(person);
    if (known.conversation !== null) return known.conversation;
    const { chat } = await this.createGroup({ name: "", description: "", people: [known.npub] });
    this.#row(chat, { direct: known.pubkey });
    return chat;
  }

  async ownProfile(): Promise<OwnProfile> {
    return this.profile;
  }

  async setProfile(fields: ProfileFields): Promise<OwnProfile> {
    this.calls.push(["setProfile", fields]);
    const { published_at } = this.profile;
    if (published_at !== null) this.versions = [{ id: fakeNpub(published_at), published_at, fields: this.profile.fields }, ...this.versions];
    this.profile = { ...this.profile, fields, published_at: this.now() };
    return this.profile;
  }

  async profileVersions(): Promise<ProfileVersion[]> {
    return this.versions;
  }

  async restoreProfile(version: string): Promise<OwnProfile> {
    const found = this.versions.find((one) => one.id === version);
    if (found === undefined) throw refuse("not_found", "This version is not here any more.");
    return this.setProfile(found.fields);
  }

  #decide(person: PersonView): PersonView {
    this.people.set(person.pubkey, person);
    this.emit({ type: "person", person });
    return person;
  }

  #pinned(): string[] {
    const pinned = this.chats.filter((row) => row.pinned !== null);
    return pinned.sort((a, b) => (a.pinned ?? 0) - (b.pinned ?? 0)).map((row) => row.id);
  }

  #places(order: string[]): void {
    order.forEach((chat, place) => this.#row(chat, { pinned: place }));
  }

  #row(chat: string, change: Partial<ChatRow>): void {
    const row = this.chats.find((one) => one.id === chat);
    if (row === undefined) throw refuse("not_found", "This conversation is not here any more.");
    const next = { ...row, ...change };
    this.chats = this.chats.map((one) => (one.id === chat ? next : one));
    this.emit({ type: "chat", chat: next });
  }
}
