use ts_rs::{Config, TS};

/// The declarations of every type that crosses to the window, as one TypeScript module.
///
/// `ui/src/ipc/generated.ts` is this text. The test `the_typescript_types_are_fresh` compares the two; run it with
/// `MURMEL_UPDATE=1` to write the file.
pub fn typescript() -> String {
    macro_rules! declarations {
        ($($name:ident),* $(,)?) => {
            [$(declaration::<crate::$name>()),*]
        };
    }
    let body = declarations![
        AccountView,
        ChatRow,
        CheckReport,
        Cursor,
        Delivery,
        DeliveryAnswer,
        ErrorCode,
        Event,
        EventKind,
        GroupCreated,
        GroupDetails,
        GroupAvatar,
        GroupImage,
        GroupState,
        ImportIdentity,
        InvitationState,
        IpcError,
        KeyKind,
        KeyPlace,
        KeyPreview,
        MemberView,
        Mention,
        MessageKind,
        MessageState,
        MessageView,
        NetworkState,
        NewGroup,
        NewIdentity,
        NotInvited,
        PersonPreview,
        Race,
        RaceCommit,
        RaceReason,
        Reaction,
        RelayView,
        RequestView,
        Revision,
        SearchHit,
        SearchPage,
        SearchQuery,
        SendMessage,
        Session,
        Settings,
        SetupName,
        SetupStep,
        Snapshot,
        SnippetPart,
        StepState,
        SystemMessage,
        TimelinePage,
        Unlock,
    ]
    .join("\n");
    format!(
        "// Generated from crates/ipc. Do not edit: change the Rust types and run `MURMEL_UPDATE=1 cargo test -p murmel-ipc`.\n\n{body}"
    )
}

fn declaration<T: TS>() -> String {
    format!("export {}\n", T::decl(&Config::new()))
}
