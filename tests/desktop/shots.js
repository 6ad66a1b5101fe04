// Owns the pictures: of the main screens from the real window, where everything was sent through a relay, and of every screen with invented people.
// Never mixes the two: the invented ones are in folders of their own.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SCREENS, show } from "./gallery.js";
import { openPages } from "./lib/pages.js";
import { freshKey } from "./lib/secrets.js";
import { until } from "./lib/wait.js";

/** What Anna (in the window), Bea and Carl (at terminals) say to each other. */
const TALK = [
  ["Anna", "Welcome, both of you!"],
  ["Bea", "Good morning. So this is the new place?"],
  ["Carl", "It is. Nobody but the three of us can read along."],
  ["Anna", "Shall we plan the weekend here?"],
  ["Bea", "Yes please. The forecast says sun on Saturday and rain on Sunday."],
  ["Carl", "Then Saturday it is."],
  ["Anna", "I thought of the lake. There is a path all the way around, about 14 km."],
  ["Carl", "14 km with or without the detour to the mill?"],
  ["Anna", "With. The mill has cake."],
  ["Bea", "Sold."],
  ["Carl", "Which train do we take?"],
  ["Anna", "The one at 8:42 would get us there before ten."],
  ["Bea", "8:42 on a Saturday. You are serious."],
  ["Anna", "There is one at 9:42 too."],
  ["Bea", "That sounds more like me."],
  ["Carl", "9:42 works. I bring the map and a thermos."],
  ["Bea", "I bring sandwiches: two with cheese, two with hummus, two surprise."],
  ["Anna", "What is the surprise?"],
  ["Bea", "If I told you, I would have to bring something else."],
  ["Carl", "Is anybody against swimming? The water should have 17 degrees."],
  ["Anna", "17 is cold."],
  ["Carl", "17 is refreshing."],
  ["Bea", "I will watch over your towels. Somebody has to."],
  ["Anna", "Very noble of you."],
  ["Carl", "Tickets: if we buy a group ticket we pay half. I can get it tomorrow."],
  ["Anna", "Great, thank you. I pay you back on the train."],
  ["Bea", "Me too. Or I pay in sandwiches."],
  ["Carl", "Sandwiches are accepted here."],
  ["Anna", "Meeting point: the big clock, 9:30?"],
  ["Bea", "9:30 at the clock."],
  ["Carl", "See you there. And bring something against the sun."],
  ["Bea", "One more thing: my sister may join. I ask her and add her here if she wants."],
  ["Anna", "The more the merrier."],
  ["Carl", "Then I buy the ticket for four."],
  ["Anna", "Perfect. Until Saturday!"],
];

/** How the screens with invented people are shown: a name, the room, the rest of the address. */
const WAYS = ["light", "dark"].flatMap((theme) => ["en", "nl"].flatMap((language) => [["wide", 1080], ["narrow", 400]].map(([size, width]) => [`${size}-${theme}-${language}`, width, `&theme=${theme}&language=${language}`])));

export async function shots(house, folder) {
  mkdirSync(folder, { recursive: true });
  await realOnes(house, folder);
  await others(house, folder);
}

/** Every screen, without a backend; what is in them is invented. */
async function others(house, folder) {
  const pages = await openPages(house.env);
  try {
    const wide = await pages.page();
    const narrow = await pages.page({ narrow: true });
    for (const [name, width, more] of WAYS) {
      const page = width === 400 ? narrow : wide;
      await page.open("fake=ready");
      await page.room(width, 720);
      mkdirSync(join(folder, name), { recursive: true });
      for (const screen of SCREENS) {
        await show(page, screen, more);
        await page.picture(join(folder, name, `${screen[0]}.png`));
      }
      console.log(`  ${name}: ${SCREENS.length} screens`);
    }
  } finally {
    await pages.close();
  }
}

async function realOnes(house, folder) {
  const app = house.app("shots");
  const take = camera(app, folder);
  await app.start();
  const npub = await firstRun(app, take);
  const bea = await house.person("Bea");
  const carl = await house.person("Carl");
  for (const person of [bea, carl]) await person.cli("profile", "set", "--name", person.name);
  await joined(app, bea, npub, ["Book club", "One book a month"], ["Has anybody begun the third chapter?"]);
  await joined(app, carl, npub, ["Allotment 14", "Water, weeds, harvest"], ["The tomatoes are red", "And there are far too many courgettes. Please take some!"]);
  await newGroup(app, take, [bea, carl]);
  const group = await bea.accept();
  await carl.accept();
  await talk(app, group, { Bea: bea, Carl: carl });
  await talkBack(app, group, bea, carl);
  await take("conversation");
  await details(app, take);
  await invitation(app, take, bea, npub);
  await settings(app, take);
  await narrow(app, take);
  await app.stop();
  const trying = house.app("shots-try");
  await tryIt(trying, camera(trying, folder));
  const sealed = house.app("shots-vault", { DBUS_SESSION_BUS_ADDRESS: `unix:path=${house.place}/no-bus` });
  await vault(sealed, camera(sealed, folder));
  const alone = house.app("shots-offline", { MURMEL_RELAYS: "ws://127.0.0.1:9" });
  await offline(alone, camera(alone, folder));
}

function camera(app, folder) {
  return async (name) => {
    for (const theme of ["light", "dark"]) {
      await app.script((choice) => void (document.documentElement.dataset.theme = choice), theme);
      await app.picture(join(folder, `${name}-${theme}.png`));
      console.log(`  ${name}-${theme}.png`);
    }
  };
}

async function firstRun(app, take) {
  await app.find("first-run-create");
  await take("first-run");
  await app.click("first-run-existing");
  await app.type("first-run-import-key", freshKey().nsec);
  await app.find("key-preview");
  await take("first-run-key");
  await app.type("first-run-import-key", "nsec1notakey");
  await app.find("key-error");
  await take("first-run-wrong-key");
  await app.click("first-run-new");
  await app.type("first-run-name", "Anna");
  await app.click("first-run-create");
  await app.find("main");
  await until("the set-up on the relay", async () => !(await app.shows("setup-step", ':not([data-state="done"])')));
  await take("empty");
  return app.text("own-npub");
}

async function newGroup(app, take, people) {
  await app.newGroup("Weekend at the lake", people, async () => {
    await app.type("new-group-description", "Saturday, 9:30, the big clock");
    await take("new-group");
  });
}

async function talk(app, group, people) {
  for (const [who, text] of TALK) {
    if (who === "Anna") await app.say(text);
    else await people[who].send(group, text);
    await app.sees(text);
  }
}

/** A group of somebody else, and what they say in it after Anna has come. */
async function joined(app, host, npub, [name, about], texts) {
  const { id } = await host.cli("group", "new", name, npub, "--description", about);
  await app.click("request-accept");
  await until(`the chat ${name}`, async () => (await app.text("chat-title")).includes(name));
  for (const text of texts) {
    await host.send(id, text);
    await app.sees(text);
  }
}

/** An answer with its quote, and reactions. */
async function talkBack(app, group, bea, carl) {
  const ids = Object.fromEntries((await carl.messages(group)).map((message) => [message.content, message.id]));
  await carl.cli("react", group, ids["Perfect. Until Saturday!"], "🎉");
  await bea.cli("react", group, ids["Perfect. Until Saturday!"], "🎉");
  await bea.send(group, "She says yes, and brings a cake of her own.", "--reply", ids["One more thing: my sister may join. I ask her and add her here if she wants."]);
  await app.sees("She says yes, and brings a cake of her own.");
  await until("both reactions", () => app.script(() => document.querySelector('[data-testid="reaction"]')?.textContent.includes("2") ?? false));
}

async function details(app, take) {
  await app.click("details-open");
  await app.find("details");
  await take("details");
  await app.click("details-close");
  const states = await app.all("message-state");
  await states.at(-1).click();
  await app.find("delivery-row");
  await take("delivery");
  await app.keys("Escape");
}

async function invitation(app, take, bea, npub) {
  await bea.cli("group", "new", "Chess on Tuesdays", npub, "--description", "Beginners are welcome");
  await app.find("request-row");
  await take("invitation");
  await app.click("request-decline");
  await app.gone("request-row");
}

async function settings(app, take) {
  await app.click("settings-open");
  await app.find("settings");
  await take("settings");
  await app.click("dialog-close");
}

async function narrow(app, take) {
  await app.resize(400, 720);
  await take("narrow-conversation");
  await app.click("back");
  await take("narrow-list");
  await app.resize(1080, 720);
}

async function tryIt(app, take) {
  await app.start();
  await app.click("first-run-try");
  await app.find("banner-try");
  await app.click("chat-row");
  await until("the companion", async () => (await app.texts()).length > 0);
  await app.say("Hello, who are you?");
  await until("an answer", async () => (await app.texts()).length > 2);
  await app.gone("chat-unread");
  await take("try-it");
  await app.stop();
}

/** Without a keychain. */
async function vault(app, take) {
  await app.start();
  await app.type("passphrase", "a long passphrase");
  await app.type("passphrase-again", "a long passphrase");
  await take("first-run-vault");
  await app.click("first-run-create");
  await app.find("main");
  await app.stop();
  await app.start();
  await app.find("unlock-passphrase");
  await take("locked");
  await app.stop();
}

/** Without a relay: the set-up waits, and so does what is written. */
async function offline(app, take) {
  await app.start();
  await app.click("first-run-create");
  await app.find("setup-step", '[data-state="failed"]');
  await take("offline");
  await app.stop();
}
