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
        AccountEntry,
        AccountState,
        AccountView,
        AddressState,
        ChangePassphrase,
        ChatRow,
        Cursor,
        Delivery,
        DeliveryAnswer,
        Draft,
        DraftEdit,
        ErrorCode,
        Event,
        EventKind,
        GroupCreated,
        GroupDetails,
        GroupAvatar,
        GroupImage,
        GroupState,
        ImportIdentity,
        Invitable,
        InvitationState,
        IpcError,
        KeyFault,
        KeyKind,
        KeyPlace,
        KeyPreview,
        KeySafety,
        LoggedOut,
        LogOutSummary,
        MemberView,
        Mention,
        MessageKind,
        MessageState,
        MessageView,
        Mute,
        MuteFor,
        NetworkState,
        NewGroup,
        NewIdentity,
        NotInvited,
        NotLeft,
        OwnProfile,
        PersonPreview,
        PersonView,
        ProfileFields,
        ProfileVersion,
        Race,
        RaceCommit,
        RaceReason,
        Reaction,
        Recover,
        RelayView,
        RequestPerson,
        RequestView,
        Revision,
        SecretText,
        SendMessage,
        Session,
        Settings,
        SetupName,
        SetupStep,
        Snapshot,
        StepState,
        SystemMessage,
        TimelinePage,
        Unlock,
        WhoMayAdd,
    ]
    .join("\n");
    format!(
        "// Generated from crates/ipc. Do not edit: change the Rust types and run `MURMEL_UPDATE=1 cargo test -p murmel-ipc`.\n\n{body}"
    )
}

fn declaration<T: TS>() -> String {
    format!("export {}\n", T::decl(&Config::new()))
}
