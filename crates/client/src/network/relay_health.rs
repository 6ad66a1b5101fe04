//! How each relay behaves, as data: on the account's own line and on that of the groups.
//! It measures nothing: the network does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use murmel_ipc::{self as ipc, RelayAuth, RelayError, RelayHealth, RelayLine, RelayRole, RelayState};
use murmel_net::{Auth, Lane, Phase, RelayAddress, RelayStatus};

use crate::account::Account;
use crate::network::relays::{self, addresses};
use crate::{Error, Result};

/// At most one event in this time.
const PAUSE: Duration = Duration::from_secs(2);

/// What each relay is for: by line and address, as it was written first.
type Wanted = BTreeMap<(RelayLine, String), Vec<RelayRole>>;

/// Tells the window how relays behave whenever that changes, until the account is closed.
pub(crate) async fn run(account: Arc<Account>) {
    let mut changes = account.net.changes();
    let mut last = None;
    while changes.changed().await.is_ok() {
        if let Ok(relays) = all(&account).await {
            let told: Vec<_> = relays.iter().map(noticed).collect();
            if last.as_ref() != Some(&told) {
                last = Some(told);
                account.bus.emit(ipc::EventKind::RelayHealth { relays });
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What a person would notice; times and numbers alone are no news.
fn noticed(health: &RelayHealth) -> (String, RelayLine, RelayState, RelayAuth, Option<RelayError>) {
    let error = health.last_error.clone().map(|error| RelayError { at: 0, ..error });
    (health.url.clone(), health.line, health.state, health.auth, error)
}

/// Every relay that is used for something, or was used since the start.
pub(crate) async fn all(account: &Arc<Account>) -> Result<Vec<RelayHealth>> {
    let wanted = account.db.read(|tx, _| {
        let own = relays::load(tx)?;
        let mut wanted = Wanted::new();
        let mut want = |line, urls: &[String], role| {
            for address in addresses(urls) {
                let roles = wanted.entry((line, address.as_str().to_owned())).or_default();
                if !roles.contains(&role) {
                    roles.push(role);
                }
            }
        };
        want(RelayLine::Account, &own.inbox, RelayRole::Reach);
        want(RelayLine::Account, &own.outbox, RelayRole::Publish);
        for chat in tx.chats()? {
            want(RelayLine::Groups, &chat.relays, RelayRole::Group);
        }
        Ok::<_, Error>(wanted)
    });
    let wanted = wanted.await?;
    Ok(views(wanted, account.net.status().await, account.clock.now()))
}

fn views(mut wanted: Wanted, status: Vec<RelayStatus>, now: u64) -> Vec<RelayHealth> {
    let mut views = Vec::new();
    for one in status {
        let line = match one.lane {
            Lane::Inbox => RelayLine::Account,
            Lane::Group => RelayLine::Groups,
        };
        let same = |name: &&(RelayLine, String)| {
            name.0 == line && RelayAddress::parse(&name.1).is_ok_and(|address| address.same_relay(&one.relay))
        };
        let spellings: Vec<(RelayLine, String)> = wanted.keys().filter(same).cloned().collect();
        let mut roles: Vec<RelayRole> = spellings.iter().filter_map(|name| wanted.remove(name)).flatten().collect();
        roles.sort_unstable();
        roles.dedup();
        let url = spellings.into_iter().next().map_or_else(|| one.relay.as_str().to_owned(), |(_, url)| url);
        views.push(view(url, line, roles, &one, now));
    }
    // Nothing is known yet of these.
    views.extend(wanted.into_iter().map(|((line, url), roles)| RelayHealth {
        url,
        line,
        roles,
        state: RelayState::Idle,
        words: words(RelayState::Idle, None),
        latency: None,
        last_error: None,
        auth: RelayAuth::None,
        delivered_at: None,
        next_try_at: None,
        score: 50,
    }));
    views.sort_by(|a, b| (a.line, &a.url).cmp(&(b.line, &b.url)));
    views
}

fn view(url: String, line: RelayLine, roles: Vec<RelayRole>, status: &RelayStatus, now: u64) -> RelayHealth {
    let state = match status.phase {
        Phase::Idle => RelayState::Idle,
        Phase::Dialling => RelayState::Connecting,
        Phase::Open => RelayState::Connected,
        Phase::Resting => RelayState::Resting,
        Phase::Forbidden => RelayState::Forbidden,
    };
    let ago = |elapsed: Duration| now.saturating_sub(elapsed.as_secs());
    RelayHealth {
        url,
        line,
        roles,
        state,
        words: words(state, status.fault.as_deref()),
        latency: status.latency.map(|latency| u32::try_from(latency.as_millis()).unwrap_or(u32::MAX)),
        last_error: status.last_fault.clone().map(|(words, elapsed)| RelayError { words, at: ago(elapsed) }),
        auth: match status.auth {
            Auth::None => RelayAuth::None,
            Auth::Asked => RelayAuth::Asked,
            Auth::Given => RelayAuth::Given,
            Auth::Refused => RelayAuth::Refused,
            Auth::Withheld => RelayAuth::Withheld,
        },
        delivered_at: status.delivered.map(ago),
        next_try_at: status.next_dial.filter(|_| state == RelayState::Resting).map(|rest| now.saturating_add(rest.as_secs())),
        score: status.score,
    }
}

fn words(state: RelayState, fault: Option<&str>) -> String {
    let fault = fault.unwrap_or("the connection was lost");
    match state {
        RelayState::Idle => "Not needed at the moment.".to_owned(),
        RelayState::Connecting => "Connecting.".to_owned(),
        RelayState::Connected => "Connected.".to_owned(),
        RelayState::Resting => format!("Not reachable: {fault}. Murmel tries again by itself."),
        RelayState::Forbidden => format!("Not dialled: {fault}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(url: &str, lane: Lane, phase: Phase) -> RelayStatus {
        RelayStatus {
            relay: RelayAddress::parse(url).unwrap(),
            lane,
            connected: phase == Phase::Open,
            phase,
            fault: (phase == Phase::Resting).then(|| "no answer in time".to_owned()),
            last_fault: Some(("no answer in time".to_owned(), Duration::from_secs(30))),
            auth: Auth::None,
            latency: Some(Duration::from_millis(80)),
            delivered: None,
            next_dial: Some(Duration::from_secs(7)),
            score: 70,
            date: None,
        }
    }

    #[test]
    fn a_relay_is_one_view_for_each_line_whatever_its_spelling() {
        let wanted = Wanted::from([
            ((RelayLine::Account, "wss://a.example".to_owned()), vec![RelayRole::Reach, RelayRole::Publish]),
            ((RelayLine::Groups, "wss://A.example/".to_owned()), vec![RelayRole::Group]),
            ((RelayLine::Groups, "wss://new.example".to_owned()), vec![RelayRole::Group]),
        ]);
        let known = vec![status("wss://A.example/", Lane::Inbox, Phase::Open), status("wss://a.example", Lane::Group, Phase::Resting)];
        let views = views(wanted, known, 1_000);
        let shown: Vec<_> = views.iter().map(|view| (view.url.as_str(), view.line, view.roles.len(), view.state)).collect();
        assert_eq!(
            shown,
            [
                ("wss://a.example", RelayLine::Account, 2, RelayState::Connected),
                ("wss://A.example/", RelayLine::Groups, 1, RelayState::Resting),
                ("wss://new.example", RelayLine::Groups, 1, RelayState::Idle),
            ]
        );
        assert_eq!(views[1].words, "Not reachable: no answer in time. Murmel tries again by itself.");
        assert_eq!((views[1].next_try_at, views[1].last_error.clone().unwrap().at, views[0].next_try_at), (Some(1_007), 970, None));
    }
}
