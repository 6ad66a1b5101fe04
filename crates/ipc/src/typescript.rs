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
        ClockFault,
        Cursor,
        Delivery,
        DeliveryAnswer,
        Draft,
        DraftEdit,
        ErrorCode,
        Event,
        EventKind,
        Found,
        Gap,
        GroupCreated,
        GroupDetails,
        GroupAvatar,
        GroupImage,
        GroupRelays,
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
        OutboxItem,
        OutboxKind,
        OwnProfile,
        PersonPreview,
        PersonView,
        ProfileFields,
        ProfileVersion,
        Proxy,
        Race,
        RaceCommit,
        RaceReason,
        ReachFix,
        ReachName,
        ReachPart,
        ReachRelay,
        ReachState,
        Reachability,
        Reaction,
        Recover,
        RelayAuth,
        RelayEntry,
        RelayError,
        RelayHealth,
        RelayLine,
        RelayListChange,
        RelayListEdit,
        RelayListVersion,
        RelayLists,
        RelayRole,
        RelayState,
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
        SyncState,
        SystemMessage,
        TimelinePage,
        Unlock,
        Unreadable,
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
