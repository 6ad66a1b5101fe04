use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use zbus::blocking::connection::Builder;
use zbus::interface;
use zbus::object_server::SignalEmitter;

use super::*;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A session bus that nobody else uses.
struct Bus {
    daemon: Child,
    address: String,
}

impl Bus {
    fn start() -> Bus {
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address=1"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon is among the prerequisites of the tests");
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(daemon.stdout.take().unwrap()), &mut line).unwrap();
        Bus { daemon, address: line.trim().to_owned() }
    }

    fn connect(&self) -> Connection {
        Builder::address(self.address.as_str()).unwrap().build().unwrap()
    }

    /// A notification server with these capabilities; what it is asked to do comes out of the channel.
    fn serve(&self, capabilities: &'static [&'static str]) -> (Connection, mpsc::Receiver<Call>) {
        let (calls, called) = mpsc::channel();
        let recorder = Recorder { calls, capabilities, next: 0 };
        let bus = Builder::address(self.address.as_str()).unwrap().serve_at(PATH, recorder).unwrap().name(SERVER).unwrap().build().unwrap();
        (bus, called)
    }

    /// A screen that has said whether there is a server, and what it hears from then on.
    fn screen(&self, server: NotificationServer) -> (Screen, mpsc::Receiver<Reaction>) {
        let (reacted, reactions) = mpsc::channel();
        let screen = Screen::on(self.connect(), move |reaction| drop(reacted.send(reaction))).unwrap();
        assert_eq!(reactions.recv_timeout(PATIENCE), Ok(Reaction::Server(server)));
        (screen, reactions)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Call {
    Notify { replaces: u32, summary: String, body: String, actions: Vec<String>, urgency: u8, silent: bool },
    Close(u32),
}

struct Recorder {
    calls: mpsc::Sender<Call>,
    capabilities: &'static [&'static str],
    next: u32,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Recorder {
    #[expect(clippy::too_many_arguments, reason = "the specification's arguments")]
    fn notify(
        &mut self,
        _app: String,
        replaces: u32,
        _icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, Value<'_>>,
        _expires: i32,
    ) -> u32 {
        let urgency = hints.get("urgency").and_then(|value| u8::try_from(value).ok()).unwrap_or(9);
        let _ = self.calls.send(Call::Notify { replaces, summary, body, actions, urgency, silent: hints.contains_key("suppress-sound") });
        if replaces == 0 {
            self.next += 1;
            self.next
        } else {
            replaces
        }
    }

    fn close_notification(&self, id: u32) {
        let _ = self.calls.send(Call::Close(id));
    }

    fn get_capabilities(&self) -> Vec<String> {
        self.capabilities.iter().map(|name| (*name).to_owned()).collect()
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str) -> zbus::Result<()>;
}

const ALL: &[&str] = &["actions", "body", "body-markup", "inline-reply"];

fn notice(chat: &str) -> Notice {
    Notice {
        account: "npub1a".to_owned(),
        chat: chat.to_owned(),
        message: 7,
        newest: 7,
        title: "Garden".to_owned(),
        body: "Anna: hello".to_owned(),
        language: Language::En,
        answerable: true,
        quiet: false,
        sound: true,
        attention: false,
    }
}

fn goal(chat: &str) -> Goal {
    Goal::of(&notice(chat))
}

fn tell(server: &Connection, name: &str, body: &(impl serde::Serialize + zbus::zvariant::DynamicType)) {
    server.emit_signal(None::<&str>, PATH, SERVER, name, body).unwrap();
}

#[test]
fn markup_in_a_message_is_shown_as_text() {
    assert_eq!(escaped("<b>bold</b> & <a href='x'>"), "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;a href='x'&gt;");
    assert_eq!(escaped("&lt;"), "&amp;lt;");
}

/// N6.
#[test]
fn hostile_bodies_arrive_without_any_markup() {
    let bus = Bus::start();
    let (_server, called) = bus.serve(ALL);
    let (screen, _reactions) = bus.screen(NotificationServer::Ready);
    let parts = ["<b>", "</b>", "<img src='file:///etc/passwd'>", "<a href=\"https://x\">", "&", "&amp;", "<", ">", "]]>", "<!--"];
    for nth in 0..50_usize {
        let body: String = (0..=nth % 7).map(|step| parts[(nth + step * 3) % parts.len()]).collect();
        screen.show(&Notice { body: body.clone(), ..notice("ab") }).unwrap();
        let Ok(Call::Notify { body: arrived, .. }) = called.recv_timeout(PATIENCE) else { unreachable!("nothing was shown") };
        assert!(!arrived.contains(['<', '>']), "{arrived}");
        let read = arrived.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        assert_eq!(read, body, "what is read is what was written");
    }
}

#[test]
fn a_server_that_reads_no_markup_and_has_no_buttons_gets_the_plain_text() {
    let bus = Bus::start();
    let (_server, called) = bus.serve(&["body"]);
    let (screen, _reactions) = bus.screen(NotificationServer::Ready);
    screen.show(&Notice { body: "1 < 2".to_owned(), quiet: true, sound: false, ..notice("ab") }).unwrap();
    let expected =
        Call::Notify { replaces: 0, summary: "Garden".to_owned(), body: "1 < 2".to_owned(), actions: Vec::new(), urgency: 0, silent: true };
    assert_eq!(called.recv_timeout(PATIENCE), Ok(expected));
}

#[test]
fn a_chat_has_one_notification_and_it_goes_when_the_chat_was_read() {
    let bus = Bus::start();
    let (_server, called) = bus.serve(ALL);
    let (screen, _reactions) = bus.screen(NotificationServer::Ready);
    for _ in 0..3 {
        screen.show(&notice("ab")).unwrap();
    }
    screen.show(&notice("cd")).unwrap();
    screen.withdraw("npub1a", "ab").unwrap();
    screen.withdraw("npub1a", "ab").unwrap();
    screen.withdraw("npub1b", "cd").unwrap();
    let calls: Vec<String> = called
        .try_iter()
        .map(|call| if let Call::Notify { replaces, .. } = call { format!("show {replaces}") } else { format!("{call:?}") })
        .collect();
    assert_eq!(calls, ["show 0", "show 1", "show 1", "show 0", "Close(1)"]);
}

#[test]
fn a_place_to_write_in_is_offered_where_the_server_has_one_and_a_button_elsewhere() {
    let bare = Abilities { actions: true, ..Abilities::default() };
    assert_eq!(
        actions(&notice("ab"), Abilities { inline_reply: true, ..bare }),
        ["default", "Open", "inline-reply", "Reply", "mark-read", "Mark as read"]
    );
    assert_eq!(actions(&notice("ab"), bare), ["default", "Open", "reply", "Reply", "mark-read", "Mark as read"]);
    assert_eq!(actions(&Notice { newest: 0, answerable: false, ..notice("") }, bare), ["default", "Open"]);
}

#[test]
fn what_the_person_does_with_a_notification_is_heard_once() {
    let bus = Bus::start();
    let (server, _called) = bus.serve(ALL);
    let (screen, reactions) = bus.screen(NotificationServer::Ready);
    for (chat, name, body, expected) in [
        ("ab", "ActionInvoked", (1_u32, "default"), Reaction::Open(goal("ab"))),
        ("cd", "ActionInvoked", (2, "mark-read"), Reaction::Read(goal("cd"))),
        ("ef", "ActionInvoked", (3, "reply"), Reaction::Open(goal("ef"))),
        ("gh", "NotificationReplied", (4, "On my way"), Reaction::Reply(goal("gh"), "On my way".to_owned())),
    ] {
        screen.show(&notice(chat)).unwrap();
        // Of another program, and twice.
        tell(&server, name, &(99_u32, body.1));
        tell(&server, name, &body);
        tell(&server, name, &body);
        assert_eq!(reactions.recv_timeout(PATIENCE), Ok(expected));
    }
    screen.show(&notice("ij")).unwrap();
    tell(&server, "ActionInvoked", &(5_u32, "snooze"));
    tell(&server, "NotificationClosed", &(5_u32, 2_u32));
    tell(&server, "ActionInvoked", &(5_u32, "default"));
    // What comes later is heard first where the others mean nothing.
    screen.show(&notice("kl")).unwrap();
    tell(&server, "ActionInvoked", &(6_u32, "default"));
    assert_eq!(reactions.recv_timeout(PATIENCE), Ok(Reaction::Open(goal("kl"))));
}

#[test]
fn another_program_cannot_answer_in_the_place_of_the_server() {
    let bus = Bus::start();
    let (server, _called) = bus.serve(ALL);
    let (screen, reactions) = bus.screen(NotificationServer::Ready);
    screen.show(&notice("ab")).unwrap();
    let stranger = bus.connect();
    let me = screen.bus.unique_name().unwrap().to_owned();
    // Sent to us alone, so that no rule of the bus keeps it away.
    stranger.emit_signal(Some(me), PATH, SERVER, "NotificationReplied", &(1_u32, "I give you everything")).unwrap();
    // The bus hands over in order: the server's own word comes after it.
    stranger.call_method(Some(SERVER), PATH, Some(SERVER), "GetCapabilities", &()).unwrap();
    tell(&server, "ActionInvoked", &(1_u32, "default"));
    assert_eq!(reactions.recv_timeout(PATIENCE), Ok(Reaction::Open(goal("ab"))));
}

#[test]
fn a_desktop_without_a_server_is_noticed_and_one_that_comes_later_too() {
    let bus = Bus::start();
    let (screen, reactions) = bus.screen(NotificationServer::Missing);
    assert!(screen.show(&notice("ab")).is_err());
    let (server, called) = bus.serve(ALL);
    assert_eq!(reactions.recv_timeout(PATIENCE), Ok(Reaction::Server(NotificationServer::Ready)));
    screen.show(&notice("ab")).unwrap();
    assert!(matches!(called.recv_timeout(PATIENCE), Ok(Call::Notify { .. })));
    server.close().unwrap();
    assert_eq!(reactions.recv_timeout(PATIENCE), Ok(Reaction::Server(NotificationServer::Missing)));
    assert!(screen.show(&notice("ab")).is_err());
}
