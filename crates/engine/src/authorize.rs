//! Who may do what: the only gate to every merge of a commit, live or replayed, of others or our own.
//! Authority is read from the parent epoch's group context, never from a cache and never from the commit itself.

use std::collections::{BTreeMap, BTreeSet};

use nostr::PublicKey;
use openmls::group::{GroupContext, MlsGroup, StagedCommit};
use openmls::prelude::{
    AppDataUpdateOperation, AppDataUpdateProposal, ExtensionType, Extensions, LeafNodeIndex, Proposal, ProposalOrRefType, QueuedProposal,
    RequiredCapabilitiesExtension, Sender,
};

use crate::components::{ADMINS, APP_COMPONENTS, Admins, ComponentId, LIFECYCLE, Lifecycle, SAFE_AAD, check_group_state};
use crate::context::{Context, ContextFlaw};
use crate::identity;
use crate::leaf::{self, Leaf, LeafFlaw};

/// Why a commit or a proposal is not allowed. The texts are for diagnostics; they name no one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthorized {
    /// The sender is no member.
    #[error("the sender is no member")]
    NotMember,
    /// Only an admin may propose this.
    #[error("only an admin may propose this")]
    NotAdmin,
    /// A member who is no admin may only rotate the own leaf or confirm departures.
    #[error("a member may only rotate the own leaf or confirm departures")]
    MemberCommit,
    /// An admin leaves by stepping down first.
    #[error("an admin cannot leave without stepping down")]
    AdminLeaves,
    /// Nobody commits the own departure.
    #[error("nobody commits the own departure")]
    OwnDeparture,
    /// A proposal type that Marmot never allows.
    #[error("this type of proposal is never allowed")]
    ProposalType,
    /// Two operations on one component.
    #[error("two operations on one component")]
    Conflict,
    /// The bytes of a component are malformed, or it cannot be removed.
    #[error("component {0:#06x} cannot be set to this")]
    Component(ComponentId),
    /// Only the required capabilities may be changed among the extensions.
    #[error("only required capabilities may be changed")]
    Extensions,
    /// An empty commit without an update path.
    #[error("the commit changes nothing")]
    Empty,
    /// A leaf is not acceptable.
    #[error(transparent)]
    Leaf(#[from] LeafFlaw),
    /// A leaf would change its account.
    #[error("a leaf would change its account")]
    Identity,
    /// A member would lack something that the group requires.
    #[error("a member would lack {0}")]
    Lacks(String),
    /// The resulting group context is not acceptable.
    #[error(transparent)]
    Context(#[from] ContextFlaw),
    /// An admin would have no leaf.
    #[error("an admin would have no leaf")]
    AdminWithoutLeaf,
    /// A component that stays required was dropped from the requirements.
    #[error("component {0:#06x} has to stay required")]
    Requirement(ComponentId),
    /// The shape of a commit that lets a group be disbanded later is fixed.
    #[error("the lifecycle is enabled by a commit of its own")]
    Lifecycle,
    /// The shape of a disbanding commit is fixed.
    #[error("not the shape of a disbanding commit")]
    Disband,
}

/// The accounts of a tree, by leaf.
pub type Accounts = BTreeMap<LeafNodeIndex, PublicKey>;

/// What a commit does to the members, once it is allowed.
pub struct Allowed {
    /// Who committed.
    pub committer: PublicKey,
    /// The context of the new epoch.
    pub context: Context,
    /// The accounts of the tree before.
    pub before: Accounts,
    /// The accounts of the tree after; new leaves stand under indices beyond the tree.
    pub after: Accounts,
    /// Accounts that left of their own accord.
    pub departed: BTreeSet<PublicKey>,
    /// Whether it changes nothing but the committer's own leaf.
    pub rotation_only: bool,
    /// Whether it does more than that and more than confirming departures.
    pub privileged: bool,
}

/// The accounts of the group's current tree.
pub fn accounts(group: &MlsGroup) -> Accounts {
    group
        .members()
        .filter_map(|member| {
            let credential = openmls::prelude::BasicCredential::try_from(member.credential).ok()?;
            Some((member.index, identity::account(credential.identity())?))
        })
        .collect()
}

/// Judges a staged commit against the parent epoch. `parent` is the group's current context.
pub fn authorize(group: &MlsGroup, parent: &Context, committer: LeafNodeIndex, commit: &StagedCommit) -> Result<Allowed, Unauthorized> {
    let before = accounts(group);
    let committer_account = *before.get(&committer).ok_or(Unauthorized::NotMember)?;
    let proposals: Vec<_> = commit.queued_proposals().collect();
    let context = Context::read(commit.group_context().extensions())?;
    for proposal in &proposals {
        authorize_proposal(group, parent, &before, proposal)?;
    }
    let path = commit.update_path_leaf_node();
    authorize_committer(parent, &committer_account, &proposals, path.is_some())?;
    unique_components(&proposals)?;
    let departs = |queued: &&&QueuedProposal| matches!(queued.proposal(), Proposal::SelfRemove);
    if proposals.iter().filter(departs).any(|queued| *queued.sender() == Sender::Member(committer)) {
        return Err(Unauthorized::OwnDeparture);
    }

    let mut after = before.clone();
    let mut departed = BTreeSet::new();
    let mut next_leaf = before.keys().next_back().map_or(0, |index| index.u32()) + 1;
    let check = |node| -> Result<Leaf, Unauthorized> {
        let leaf = Leaf::read(node)?;
        match leaf.lacks(context.required.ids(), context.agent) {
            None => Ok(leaf),
            Some(what) => Err(Unauthorized::Lacks(what)),
        }
    };
    for queued in &proposals {
        match (queued.proposal(), queued.sender()) {
            (Proposal::Add(add), _) => {
                after.insert(LeafNodeIndex::new(next_leaf), check(add.key_package().leaf_node())?.account);
                next_leaf += 1;
            }
            (Proposal::Remove(remove), _) => drop(after.remove(&remove.removed())),
            (Proposal::SelfRemove, Sender::Member(leaf)) => departed.extend(after.remove(leaf)),
            (Proposal::Update(update), Sender::Member(leaf)) => same_account(&before, leaf, &check(update.leaf_node())?)?,
            _ => {}
        }
    }
    if let Some(node) = path {
        same_account(&before, &committer, &check(node)?)?;
    }
    let capabilities = commit.group_context().extensions().required_capabilities();
    if parent.required != context.required || parent.agent != context.agent || group.extensions().required_capabilities() != capabilities {
        every_member_meets(group, &after, &context, capabilities)?;
    }
    authorize_result(parent, &context, &after)?;
    if context.lifecycle == Lifecycle::Disbanded || parent.lifecycle == Lifecycle::Disbanded {
        authorize_disband(parent, &context, committer_account, &proposals, &after)?;
    }
    if context.required.contains(LIFECYCLE) && !parent.required.contains(LIFECYCLE) {
        only_components(&proposals, &[APP_COMPONENTS, LIFECYCLE])?;
    }
    departed.retain(|account| !after.values().any(|other| other == account));
    let privileged = !proposals.iter().all(|queued| matches!(queued.proposal(), Proposal::SelfRemove));
    Ok(Allowed { privileged, committer: committer_account, rotation_only: proposals.is_empty(), context, before, after, departed })
}

/// Judges one proposal by its own author, whether it stands alone or in a commit.
pub fn authorize_proposal(group: &MlsGroup, parent: &Context, before: &Accounts, queued: &QueuedProposal) -> Result<(), Unauthorized> {
    let Sender::Member(leaf) = queued.sender() else { return Err(Unauthorized::NotMember) };
    let author = before.get(leaf).ok_or(Unauthorized::NotMember)?;
    let is_admin = parent.admins.contains(author) || cfg!(murmel_bug = "no_admin_check_on_replay");
    match queued.proposal() {
        Proposal::SelfRemove if is_admin => Err(Unauthorized::AdminLeaves),
        Proposal::SelfRemove => Ok(()),
        Proposal::Add(_) | Proposal::Remove(_) | Proposal::Update(_) | Proposal::AppDataUpdate(_) | Proposal::GroupContextExtensions(_)
            if !is_admin =>
        {
            Err(Unauthorized::NotAdmin)
        }
        Proposal::Add(_) | Proposal::Remove(_) | Proposal::Update(_) => Ok(()),
        Proposal::AppDataUpdate(update) => authorize_component(parent, update),
        Proposal::GroupContextExtensions(change) => {
            // Capabilities only: everything else in the group context stays as it is.
            let rest = |extensions: &Extensions<GroupContext>| {
                let others = extensions.iter().filter(|extension| extension.extension_type() != ExtensionType::RequiredCapabilities);
                others.cloned().collect::<Vec<_>>()
            };
            if rest(change.extensions()) == rest(group.extensions()) { Ok(()) } else { Err(Unauthorized::Extensions) }
        }
        _ => Err(Unauthorized::ProposalType),
    }
}

/// Judges one operation on a component.
pub fn authorize_component(parent: &Context, update: &AppDataUpdateProposal) -> Result<(), Unauthorized> {
    let id = update.component_id();
    let allowed = match update.operation() {
        AppDataUpdateOperation::Update(data) => check_group_state(id, data.as_slice()).is_ok(),
        AppDataUpdateOperation::Remove => ![APP_COMPONENTS, SAFE_AAD, ADMINS, LIFECYCLE].contains(&id) && parent.component(id).is_some(),
    };
    if allowed { Ok(()) } else { Err(Unauthorized::Component(id)) }
}

fn authorize_committer(parent: &Context, committer: &PublicKey, proposals: &[&QueuedProposal], has_path: bool) -> Result<(), Unauthorized> {
    if proposals.is_empty() {
        return if has_path { Ok(()) } else { Err(Unauthorized::Empty) };
    }
    let departures_only = proposals
        .iter()
        .all(|p| matches!(p.proposal(), Proposal::SelfRemove) && matches!(p.proposal_or_ref_type(), ProposalOrRefType::Reference));
    if cfg!(murmel_bug = "no_admin_check_on_replay") {
        return Ok(());
    }
    if departures_only || parent.admins.contains(committer) { Ok(()) } else { Err(Unauthorized::MemberCommit) }
}

fn unique_components(proposals: &[&QueuedProposal]) -> Result<(), Unauthorized> {
    let mut seen = BTreeSet::new();
    let ids = proposals.iter().filter_map(|p| match p.proposal() {
        Proposal::AppDataUpdate(update) => Some(update.component_id()),
        _ => None,
    });
    for id in ids {
        if !seen.insert(id) {
            return Err(Unauthorized::Conflict);
        }
    }
    Ok(())
}

fn same_account(before: &Accounts, leaf: &LeafNodeIndex, new: &Leaf) -> Result<(), Unauthorized> {
    if before.get(leaf) == Some(&new.account) { Ok(()) } else { Err(Unauthorized::Identity) }
}

fn every_member_meets(
    group: &MlsGroup,
    after: &Accounts,
    context: &Context,
    capabilities: Option<&RequiredCapabilitiesExtension>,
) -> Result<(), Unauthorized> {
    for (_, node) in group.treesync().full_leaves().filter(|(index, _)| after.contains_key(index)) {
        let leaf = Leaf::read(node)?;
        if let Some(what) = leaf.lacks(context.required.ids(), context.agent) {
            return Err(Unauthorized::Lacks(what));
        }
        if !capabilities.is_some_and(|required| leaf::supports(node, required)) {
            return Err(Unauthorized::Lacks("a required capability".to_owned()));
        }
    }
    Ok(())
}

fn authorize_result(parent: &Context, context: &Context, after: &Accounts) -> Result<(), Unauthorized> {
    admins_have_leaves(&context.admins, after)?;
    for id in [ADMINS, LIFECYCLE] {
        if parent.required.contains(id) && !context.required.contains(id) {
            return Err(Unauthorized::Requirement(id));
        }
    }
    Ok(())
}

/// INVARIANT: every admin has a leaf, so that a group is never without one who can change it.
pub fn admins_have_leaves(admins: &Admins, accounts: &Accounts) -> Result<(), Unauthorized> {
    let present: BTreeSet<_> = accounts.values().collect();
    if admins.accounts().iter().all(|admin| present.contains(admin)) { Ok(()) } else { Err(Unauthorized::AdminWithoutLeaf) }
}

/// The commit consists of inline operations on exactly these components.
fn only_components(proposals: &[&QueuedProposal], wanted: &[ComponentId]) -> Result<(), Unauthorized> {
    let mut operations = BTreeSet::new();
    for queued in proposals {
        match (queued.proposal(), queued.proposal_or_ref_type()) {
            (Proposal::AppDataUpdate(update), ProposalOrRefType::Proposal) => drop(operations.insert(update.component_id())),
            _ => return Err(Unauthorized::Lifecycle),
        }
    }
    if operations == wanted.iter().copied().collect() { Ok(()) } else { Err(Unauthorized::Lifecycle) }
}

fn authorize_disband(
    parent: &Context,
    context: &Context,
    committer: PublicKey,
    proposals: &[&QueuedProposal],
    after: &Accounts,
) -> Result<(), Unauthorized> {
    let inline = proposals.iter().all(|p| matches!(p.proposal_or_ref_type(), ProposalOrRefType::Proposal));
    let mut operations = BTreeSet::new();
    for queued in proposals {
        match queued.proposal() {
            Proposal::Remove(_) => {}
            Proposal::AppDataUpdate(update) => drop(operations.insert(update.component_id())),
            _ => return Err(Unauthorized::Disband),
        }
    }
    let shape = parent.lifecycle == Lifecycle::Active
        && context.lifecycle == Lifecycle::Disbanded
        && parent.required.contains(LIFECYCLE)
        && inline
        && operations == BTreeSet::from([ADMINS, LIFECYCLE])
        && Admins::new([committer]).is_some_and(|only| only == context.admins)
        && after.len() == 1;
    if shape { Ok(()) } else { Err(Unauthorized::Disband) }
}
