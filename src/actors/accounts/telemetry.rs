//! Where accounts' traces go, as the accounts' actor tells it: to the exporter with the secrets, to
//! requests without them.

use actix::Addr;

use super::Accounts;
use crate::actors::exporter::{Aim, Exporter, Retarget};
use crate::ids::AccountId;
use crate::otlp::{Endpoint, Headers, Reach, Target};
use crate::spans::{Ratio, Sampler};
use crate::store::{self, Switch, Telemetry};

/// Who is told of targets, and where they may be.
pub struct Exports {
    /// The exporter.
    pub exporter: Addr<Exporter>,
    /// Where targets may be.
    pub reach: Reach,
}

/// What an account wants to have exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Whether prompts and answers go along.
    pub content: Switch,
    /// Which requests.
    pub sampler: Sampler,
}

impl Wish {
    /// As the target says.
    pub(super) fn of(target: &Telemetry) -> Self {
        Self {
            content: target.content,
            sampler: Sampler::ParentAndRatio(Ratio::of_millionths(target.sampling)),
        }
    }
}

impl Accounts {
    /// Tells the exporter of all targets.
    pub(super) fn aim_all(&self) {
        for target in self.accounts.all_telemetry() {
            self.aim(target.account);
        }
    }

    /// Tells the exporter where an account's spans go from now on.
    pub(super) fn aim(&self, account: AccountId) {
        let stored = self.accounts.telemetry(account);
        let aim = stored.map(|stored| Aim(target(&self.accounts, stored, self.exports.reach)));
        self.exports.exporter.do_send(Retarget { account, aim });
    }
}

/// What is stored as a target. The operator's settings may have changed since it was checked, and the
/// installation's secret with a move.
fn target(accounts: &store::Accounts, stored: &Telemetry, reach: Reach) -> Result<Target, String> {
    let endpoint = Endpoint::parse(&stored.endpoint, reach)
        .map_err(|error| format!("the endpoint {error}"))?;
    let protocol = stored.protocol.parse();
    let protocol = protocol.map_err(|()| "its protocol is not known".to_owned())?;
    let opened = accounts
        .open_headers(stored)
        .ok_or("its headers cannot be read any more; send them again")?;
    let pairs = opened
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    Ok(Target {
        endpoint,
        protocol,
        headers: Headers::new(pairs).map_err(|error| error.to_string())?,
    })
}
