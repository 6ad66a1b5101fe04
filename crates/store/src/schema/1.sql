-- Times are Unix seconds, keys and ids are raw bytes, lists are JSON text.

CREATE TABLE account (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    public_key BLOB NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    signature_key BLOB NOT NULL,
    proof BLOB NOT NULL,
    slot BLOB NOT NULL,
    created_at INTEGER NOT NULL DEFAULT 0,
    other_clients INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE progress (
    name TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL DEFAULT 0,
    value TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- Versions of the account's replaceable lists, by this program or another, so that none is lost.
CREATE TABLE list_versions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    event_id BLOB NOT NULL UNIQUE,
    event TEXT NOT NULL,
    created_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX list_versions_by_time ON list_versions (kind, created_at DESC, event_id);

CREATE TABLE cursors (
    lane TEXT NOT NULL CHECK (lane IN ('inbox', 'group')),
    relay TEXT NOT NULL,
    subscription TEXT NOT NULL,
    at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (lane, relay, subscription)
) STRICT, WITHOUT ROWID;
CREATE INDEX cursors_by_time ON cursors (at);

-- What others published about themselves: a cache.
CREATE TABLE people (
    public_key BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    about TEXT NOT NULL DEFAULT '',
    picture TEXT NOT NULL DEFAULT '',
    website TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    address_state TEXT NOT NULL DEFAULT 'unknown' CHECK (address_state IN ('unknown', 'verified', 'refuted')),
    address_at INTEGER NOT NULL DEFAULT 0,
    outbox_relays TEXT NOT NULL DEFAULT '[]',
    published_at INTEGER NOT NULL DEFAULT 0,
    looked_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX people_by_look ON people (looked_at);

-- What the person here decided about others: never published, never forgotten by itself.
CREATE TABLE contacts (
    public_key BLOB NOT NULL PRIMARY KEY,
    nickname TEXT NOT NULL DEFAULT '',
    met INTEGER NOT NULL DEFAULT 0,
    blocked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX contacts_blocked ON contacts (blocked_at) WHERE blocked_at IS NOT NULL;

-- Versions of the account's own profile, as they were found or made.
CREATE TABLE own_profiles (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    event_id BLOB NOT NULL UNIQUE,
    event TEXT NOT NULL,
    published_at INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE chats (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    group_id BLOB NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('active', 'leaving', 'left', 'removed', 'stranded', 'ended')),
    name TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    epoch INTEGER NOT NULL DEFAULT 0,
    relays TEXT NOT NULL DEFAULT '[]',
    routing BLOB NOT NULL,
    retention INTEGER NOT NULL DEFAULT 0,
    avatar TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL DEFAULT 0,
    joined_at INTEGER NOT NULL DEFAULT 0,
    last_activity INTEGER NOT NULL DEFAULT 0,
    read INTEGER NOT NULL DEFAULT 0,
    announced INTEGER NOT NULL DEFAULT 0,
    inviter BLOB,
    needs_self_update_at INTEGER
) STRICT;
CREATE INDEX chats_by_activity ON chats (last_activity);
CREATE INDEX chats_by_routing ON chats (routing);

-- What the person decided about a conversation; no row where nothing was.
CREATE TABLE choices (
    chat INTEGER NOT NULL PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE,
    place INTEGER,
    archived INTEGER NOT NULL DEFAULT 0,
    muted INTEGER NOT NULL DEFAULT 0,
    muted_until INTEGER,
    marked_unread INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE drafts (
    chat INTEGER NOT NULL PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE,
    text TEXT NOT NULL DEFAULT '',
    reply_to INTEGER,
    edited INTEGER,
    edit TEXT NOT NULL DEFAULT ''
) STRICT;

-- Conversations of two that nobody else was ever in.
CREATE TABLE pairs (
    chat INTEGER NOT NULL PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE,
    person BLOB NOT NULL
) STRICT;
CREATE INDEX pairs_by_person ON pairs (person);

CREATE TABLE members (
    chat INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    public_key BLOB NOT NULL,
    is_admin INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (chat, public_key)
) STRICT, WITHOUT ROWID;

-- Gives out the ids of messages and finds the row of an id; the messages themselves lie in the order in which they are shown.
CREATE TABLE message_ids (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    chat INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    shown INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL DEFAULT 0,
    tie INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX message_ids_by_chat ON message_ids (chat, id);

CREATE TABLE messages (
    chat INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    shown INTEGER NOT NULL,
    at INTEGER NOT NULL,
    -- The beginning of `event_id`, 48 bits: puts what has the same time into one order everywhere. 0 for what was not said, but happened.
    tie INTEGER NOT NULL,
    id INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    sender BLOB NOT NULL,
    kind INTEGER NOT NULL,
    content TEXT NOT NULL DEFAULT '',
    tags TEXT NOT NULL DEFAULT '[]',
    target BLOB,
    epoch INTEGER NOT NULL DEFAULT 0,
    branch BLOB,
    digest BLOB,
    mine INTEGER NOT NULL DEFAULT 0,
    erased INTEGER NOT NULL DEFAULT 0,
    withdrawn INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER,
    received_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (chat, shown, at, tie, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX messages_by_event ON messages (chat, event_id);
CREATE INDEX messages_by_target ON messages (chat, target, kind) WHERE target IS NOT NULL;
-- The columns of the condition are in it too, so that counting never visits the messages themselves.
CREATE INDEX messages_unread ON messages (chat, id, kind, mine, erased, withdrawn, sender) WHERE kind = 9 AND mine = 0 AND erased = 0 AND withdrawn = 0;
CREATE INDEX messages_by_epoch ON messages (chat, epoch);
CREATE INDEX messages_expiring ON messages (expires_at) WHERE expires_at IS NOT NULL;

-- Messages that name the account or answer it.
CREATE TABLE mentions (
    chat INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    message INTEGER NOT NULL REFERENCES message_ids (id) ON DELETE CASCADE,
    PRIMARY KEY (chat, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_by_message ON mentions (message);

CREATE TABLE outbox (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    purpose TEXT NOT NULL
        CHECK (purpose IN ('message', 'commit', 'proposal', 'welcome', 'key_package', 'relay_list', 'inbox_list', 'other')),
    chat INTEGER REFERENCES chats (id) ON DELETE CASCADE,
    message INTEGER REFERENCES message_ids (id) ON DELETE SET NULL,
    event_id BLOB NOT NULL UNIQUE,
    event BLOB NOT NULL,
    lane TEXT NOT NULL CHECK (lane IN ('inbox', 'group')),
    created_at INTEGER NOT NULL DEFAULT 0,
    required INTEGER NOT NULL DEFAULT 1,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'failed', 'cancelled')),
    cancelled TEXT
        CHECK (cancelled IN ('by_user', 'overtaken', 'other_branch', 'left_out', 'ended', 'replaced', 'rejoined', 'sealed_anew')),
    refusal TEXT NOT NULL DEFAULT '',
    depends INTEGER REFERENCES outbox (id) ON DELETE SET NULL
) STRICT;
CREATE INDEX outbox_by_chat_and_state ON outbox (chat, state);
-- What goes to the relays of a conversation, in order.
CREATE INDEX outbox_in_order ON outbox (chat) WHERE purpose <> 'welcome';
CREATE INDEX outbox_by_message ON outbox (message);
CREATE INDEX outbox_by_state ON outbox (state, created_at);
CREATE INDEX outbox_by_depends ON outbox (depends) WHERE depends IS NOT NULL;

CREATE TABLE outbox_relays (
    outbox INTEGER NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    relay TEXT NOT NULL,
    answer TEXT NOT NULL CHECK (answer IN ('waiting', 'accepted', 'refused', 'timed_out', 'unreachable')),
    detail TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    last_at INTEGER,
    next_at INTEGER,
    PRIMARY KEY (outbox, relay)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_relays_due ON outbox_relays (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE requests (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    wrap_event_id BLOB NOT NULL UNIQUE,
    welcome_digest BLOB NOT NULL UNIQUE,
    welcome BLOB NOT NULL,
    group_id BLOB,
    inviter BLOB NOT NULL,
    relays TEXT NOT NULL DEFAULT '[]',
    name TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    members INTEGER NOT NULL DEFAULT 0,
    people TEXT NOT NULL DEFAULT '[]',
    invited_at INTEGER NOT NULL DEFAULT 0,
    received_at INTEGER NOT NULL DEFAULT 0,
    problem TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL CHECK (state IN ('open', 'spare', 'accepted', 'declined'))
) STRICT;
CREATE INDEX requests_by_group ON requests (group_id, state) WHERE group_id IS NOT NULL;
CREATE INDEX requests_by_state ON requests (state, received_at);
CREATE INDEX requests_by_inviter ON requests (inviter, state);

CREATE TABLE seen (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    event_id BLOB NOT NULL UNIQUE,
    at INTEGER NOT NULL DEFAULT 0,
    -- The `h` tag of a group event or the `p` tag of a gift wrap, and the event's own time, by which what a relay has is compared with what is
    -- here (NIP-77).
    tag BLOB,
    created_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX seen_by_time ON seen (at);
CREATE INDEX seen_by_tag ON seen (tag, created_at) WHERE tag IS NOT NULL;

-- How races between changes of a group ended, for the person and for a report. No keys, no content.
CREATE TABLE races (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    chat INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    at INTEGER NOT NULL DEFAULT 0,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX races_by_chat ON races (chat, id);

CREATE TABLE deferred (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    event_id BLOB NOT NULL UNIQUE,
    routing BLOB NOT NULL,
    chat INTEGER REFERENCES chats (id) ON DELETE CASCADE,
    event BLOB NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    received_at INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX deferred_by_routing ON deferred (routing, id);
CREATE INDEX deferred_by_chat ON deferred (chat, id);

CREATE TABLE key_packages (
    reference BLOB NOT NULL PRIMARY KEY,
    bundle BLOB NOT NULL,
    not_after INTEGER NOT NULL DEFAULT 0,
    event_id BLOB,
    created_at INTEGER NOT NULL DEFAULT 0,
    published INTEGER NOT NULL DEFAULT 0,
    replaced_at INTEGER
) STRICT;

-- The engine's rows. They are keyed by the MLS group id, because a group may be there before its chat.

-- One row for each epoch of each branch: a race makes several of one number.
CREATE TABLE epochs (
    group_id BLOB NOT NULL,
    began_by BLOB NOT NULL,
    parent BLOB,
    epoch INTEGER NOT NULL,
    group_event_key BLOB,
    media_secret BLOB,
    routing BLOB NOT NULL,
    relays TEXT NOT NULL DEFAULT '[]',
    retention INTEGER,
    applied BLOB,
    PRIMARY KEY (group_id, began_by)
) STRICT, WITHOUT ROWID;
CREATE INDEX epochs_by_number ON epochs (group_id, epoch);
CREATE INDEX epochs_by_routing ON epochs (routing);

CREATE TABLE tips (
    group_id BLOB NOT NULL PRIMARY KEY,
    began_by BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE witnesses (
    group_id BLOB NOT NULL,
    began_by BLOB NOT NULL,
    account BLOB NOT NULL,
    PRIMARY KEY (group_id, began_by, account),
    FOREIGN KEY (group_id, began_by) REFERENCES epochs (group_id, began_by) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE processed (
    group_id BLOB NOT NULL,
    digest BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    -- The reference of the proposal in it (RFC 9420 section 5.2).
    proposal BLOB,
    PRIMARY KEY (group_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX processed_by_epoch ON processed (group_id, epoch);
CREATE INDEX processed_by_proposal ON processed (group_id, proposal) WHERE proposal IS NOT NULL;

CREATE TABLE pending (
    group_id BLOB NOT NULL PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

-- What `pending` had of commits that were given up, by the commit; they may win a race all the same.
CREATE TABLE given_up (
    group_id BLOB NOT NULL,
    began BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (group_id, began)
) STRICT;
CREATE INDEX given_up_by_epoch ON given_up (group_id, epoch);

-- OpenMLS looks these rows up by group but has no index for it.
CREATE INDEX openmls_own_leaf_nodes_by_group ON openmls_own_leaf_nodes (group_id);

-- Copies of the rows that OpenMLS keeps for a group, column by column.

CREATE TABLE snapshots (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    group_id BLOB NOT NULL,
    name BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    UNIQUE (group_id, name)
) STRICT;
CREATE INDEX snapshots_by_epoch ON snapshots (group_id, epoch);

CREATE TABLE snapshot_group_data (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    data_type TEXT NOT NULL,
    provider_version INTEGER NOT NULL,
    group_data BLOB NOT NULL,
    PRIMARY KEY (snapshot, data_type)
) STRICT;

CREATE TABLE snapshot_leaf_nodes (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    provider_version INTEGER NOT NULL,
    leaf_node BLOB NOT NULL,
    PRIMARY KEY (snapshot, position)
) STRICT;

CREATE TABLE snapshot_epoch_keys (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    epoch_id BLOB NOT NULL,
    leaf_index INTEGER NOT NULL,
    provider_version INTEGER NOT NULL,
    key_pairs BLOB NOT NULL,
    PRIMARY KEY (snapshot, epoch_id, leaf_index)
) STRICT;

CREATE TABLE snapshot_proposals (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    proposal_ref BLOB NOT NULL,
    provider_version INTEGER NOT NULL,
    proposal BLOB NOT NULL,
    PRIMARY KEY (snapshot, position)
) STRICT;

CREATE TABLE snapshot_encryption_keys (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    public_key BLOB NOT NULL,
    provider_version INTEGER NOT NULL,
    key_pair BLOB NOT NULL,
    PRIMARY KEY (snapshot, public_key)
) STRICT;

-- The large values of a group: its ratchet tree, and the keys of messages of each past epoch. A group and its snapshots share rows; a shared one
-- is never changed. `group_id` is as in OpenMLS' rows; which rows a group uses is part of its values there.

CREATE TABLE shared_values (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    group_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('tree', 'keys')),
    value BLOB NOT NULL
) STRICT;
CREATE INDEX shared_values_by_group ON shared_values (group_id);

CREATE TABLE snapshot_values (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    value INTEGER NOT NULL,
    PRIMARY KEY (snapshot, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX snapshot_values_by_value ON snapshot_values (value);
