//! From a parsed request to what routing needs: which models were asked for, what they must be able
//! to do, and how much of a window they need.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::choices::{self, Named};
use super::conversation::Conversation;
use super::count;
use super::further::Further;
use super::headers::AutoVerdict;
use super::metered::MOST_CANDIDATES;
use super::transcript::transcript;
use super::{ApiError, Switchboard};
use crate::actors::accounts::Principal;
use crate::actors::catalog::World;
use crate::actors::classifier::{Classify, Purpose};
use crate::actors::clock::today;
use crate::catalog::alias::Target;
use crate::catalog::{Catalog, Model, ModelId, Prefer, Tier};
use crate::routing::classify::{Circumstances, Verdict};
use crate::routing::context::Need;
use crate::routing::sticky::{Tie, Warm};
use crate::routing::{
    Ask, CacheMarks, Choice, End, Foremost, Funds, Live, Reason, Shortlist, Standing, Task,
    candidates,
};
use crate::wire::{self, ChatRequest, Message};

/// A request, ready to be relayed or explained.
pub struct Plan {
    /// The catalog it was planned with; its prices hold to the end.
    pub world: Arc<World>,
    /// What the request takes of a window.
    pub need: Need,
    /// The caller's direction.
    pub prefer: Prefer,
    /// What the models are to do.
    pub task: Task,
    /// The tier that was asked for, or that `auto` picked; a pin's own tier, if it has one.
    pub tier: Option<Tier>,
    /// The model that was named, if it was a model and no tier.
    pub pin: Option<ModelId>,
    /// What `auto` said, when it was asked.
    pub auto: Option<Verdict>,
    /// Who can serve it, the foremost of them at least; and why the others cannot, when nobody can or
    /// that was asked for.
    pub shortlist: Shortlist,
    /// Who can serve it after those of the list.
    pub further: Option<Arc<Further>>,
    /// The keyed hash of its messages; `None` for embeddings.
    pub conversation: Option<u64>,
}

impl Plan {
    /// Plans a request for a caller. 404 for an unknown model, 400 for an unknown provider; what goes
    /// wrong after `auto` has decided tells what it said.
    pub async fn make(
        desk: &Switchboard,
        caller: &Principal,
        request: &ChatRequest,
        purpose: Purpose,
    ) -> Result<Self, ApiError> {
        let sight = Sight::take(desk, caller, request, purpose);
        let first = choices::named(&sight.world.catalog, request.model(), "model")?;
        let auto = match &first.target {
            Target::Auto => {
                let prefer = first
                    .leaning()
                    .or(request.prefer())
                    .or(caller.default_prefer);
                Some(sight.classify(desk, caller, request, prefer).await?)
            }
            Target::Model(_) | Target::Tier(_) => None,
        };
        let told = auto.as_ref().map(AutoVerdict::of);
        let first = first.or_tier(caller.default_tier);
        sight
            .plan(desk, caller, request, first, auto)
            .map_err(|error| error.auto(told))
    }

    /// Counts the request among those that rank by speed, if it does.
    pub fn take_turn(&self, desk: &Switchboard) {
        if self.prefer == Prefer::Fast {
            desk.fast_requests.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Input tokens as the first candidate counts them; when there is none, as the first model does
    /// that was left out for its window.
    pub fn prompt_tokens(&self) -> u64 {
        let ranked = self.shortlist.ranked.iter().map(|c| &c.model);
        let too_small = self.shortlist.excluded.iter();
        let too_small = too_small.filter(|e| e.reason == Reason::ContextWindow);
        let first = ranked.chain(too_small.map(|e| &e.model)).next();
        match first.or(self.world.catalog.models().first()) {
            Some(model) => self.need.input(model),
            None => 0,
        }
    }

    /// What `auto` said, for headers.
    pub fn verdict(&self) -> Option<AutoVerdict> {
        self.auto.as_ref().map(AutoVerdict::of)
    }
}

/// What a plan is made from: one look at the catalog, the clock and the conversation's past.
struct Sight {
    purpose: Purpose,
    world: Arc<World>,
    now: Instant,
    conversation: Conversation,
    warm: Option<Warm>,
}

impl Sight {
    fn take(
        desk: &Switchboard,
        caller: &Principal,
        request: &ChatRequest,
        purpose: Purpose,
    ) -> Self {
        let now = Instant::now();
        let conversation = Conversation::of(desk, caller.account, request);
        Self {
            purpose,
            world: desk.world.load_full(),
            now,
            warm: conversation.warm(desk, now),
            conversation,
        }
    }

    async fn classify(
        &self,
        desk: &Switchboard,
        caller: &Principal,
        request: &ChatRequest,
        prefer: Option<Prefer>,
    ) -> Result<Verdict, ApiError> {
        let catalog = &self.world.catalog;
        let prefer = prefer.unwrap_or_default();
        let warm = self.warm.as_ref().filter(|warm| warm.tokens > 0);
        let warm = warm.and_then(|warm| catalog.model(warm.model.as_str()));
        let ask = Classify {
            conversation: transcript(request),
            circumstances: Circumstances {
                prefer,
                prices: self.world.tier_prices(prefer, &caller.blocked),
                thresholds: None,
                warm: warm.and_then(|model| model.tiers.first().copied()),
            },
            purpose: self.purpose,
        };
        desk.classifier.send(ask).await.map_err(ApiError::internal)
    }

    fn plan(
        self,
        desk: &Switchboard,
        caller: &Principal,
        request: &ChatRequest,
        first: Named,
        auto: Option<Verdict>,
    ) -> Result<Plan, ApiError> {
        let Self {
            purpose,
            world,
            now,
            conversation,
            warm,
        } = self;
        let catalog = &world.catalog;
        let picked = auto_tier(catalog, auto.as_ref(), warm.as_ref());
        let picked = match (&auto, funds(caller)) {
            // Free models are of economy.
            (Some(_), Funds::None) => Tier::Economy,
            (Some(_), Funds::Some) | (None, _) => picked,
        };
        let picked = caller.allowed.nearest(picked);
        let choices = choices::choices(catalog, first, picked, request, caller.default_prefer)?;
        let rooms = choices.iter();
        let rooms = rooms.map(|c| (c.spend_with(funds(caller)), world.rooms(c, now)));
        let rooms: Vec<_> = rooms.collect();
        let ask = Ask {
            task: Task::Chat,
            needs: request.needs(),
            need: count::need_for(&rooms, request, &caller.account.to_string()),
            choices,
            answers: request.n(),
            marks: marks(request),
            warm,
            turn: desk.fast_requests.load(Ordering::Relaxed),
            rules: choices::rules(catalog, request.provider_rules())?,
            blocked: caller.blocked.clone(),
            allowed: caller.allowed.clone(),
            funds: funds(caller),
            incapable: incapable(&world, request),
            today: today(),
        };
        let most = desk.settings.failover.attempts.max(MOST_CANDIDATES);
        let first = ask.choices.first();
        let pin = first.and_then(Choice::pinned).cloned();
        let prefer = first.map(|choice| choice.prefer).unwrap_or_default();
        let tier = first.and_then(Choice::tier_of);
        let (need, task) = (ask.need.clone(), ask.task);
        let (shortlist, further) = shortlist(&world, ask, purpose, now, most);
        Ok(Plan {
            need,
            prefer,
            task,
            tier,
            pin,
            auto,
            shortlist,
            further,
            conversation: Some(conversation.whole()),
            world,
        })
    }
}

/// The tier that `auto` picked; in the middle of a tool loop the tier of the model that called.
fn auto_tier(catalog: &Catalog, auto: Option<&Verdict>, warm: Option<&Warm>) -> Tier {
    let picked = auto.map_or(Tier::Standard, |verdict| verdict.tier);
    let caller = warm
        .filter(|warm| warm.tie == Tie::ToolLoop)
        .and_then(|warm| catalog.model(warm.model.as_str()));
    match caller {
        Some(model) if !model.serves(picked) => model.tiers.first().copied().unwrap_or(picked),
        Some(_) | None => picked,
    }
}

/// Who can serve a request, and why the others cannot, as far as that is of use.
fn shortlist(
    world: &Arc<World>,
    ask: Ask,
    purpose: Purpose,
    now: Instant,
    most: usize,
) -> (Shortlist, Option<Arc<Further>>) {
    let found = match purpose {
        Purpose::Serve => world.foremost(&ask, now, most),
        Purpose::Explain => Foremost::default(),
    };
    if !found.ranked.is_empty() {
        let further = match found.end {
            End::All => None,
            End::Cut => Some(Arc::new(Further::after(&found.ranked, world, ask))),
        };
        let foremost = Shortlist {
            ranked: found.ranked,
            excluded: Vec::new(),
        };
        return (foremost, further);
    }
    let (catalog, weights) = (&world.catalog, world.catalog.weights());
    let shortlist = candidates(catalog, &ask, &weights, &|model| world.live(model, now));
    if shortlist.ranked.is_empty() && shortlist.reopens_in().is_some() {
        return (last_resort(world, &ask, now), None);
    }
    (shortlist, None)
}

/// Everything is tripped: whoever is, may be asked all the same. Its provider's actor lets one request
/// a second through to find out whether it is over.
fn last_resort(world: &World, ask: &Ask, now: Instant) -> Shortlist {
    let (catalog, weights) = (&world.catalog, world.catalog.weights());
    let as_if_probing = |model: &Model| {
        let live = world.live(model, now);
        let standing = match live.standing {
            Standing::Tripped(_) => Standing::Probing,
            standing @ (Standing::Unconfigured | Standing::Flowing | Standing::Probing) => standing,
        };
        Live { standing, ..live }
    };
    let mut shortlist = candidates(catalog, ask, &weights, &as_if_probing);
    for candidate in &mut shortlist.ranked {
        candidate.live = world.live(&candidate.model, now);
    }
    shortlist
}

/// What the caller marked for a provider's cache, and for how long.
fn marks(request: &ChatRequest) -> CacheMarks {
    let marked = |message: &Message<'_>| message.raw().contains("\"cache_control\"");
    let mut marked = request.messages().filter(marked).peekable();
    if marked.peek().is_none() {
        CacheMarks::None
    } else if marked.any(|message| message.raw().contains("\"1h\"")) {
        CacheMarks::OneHour
    } else {
        CacheMarks::FiveMinutes
    }
}

/// Whether the caller can pay at all. Whose card is charged when credit is lacking may: the ledger has it
/// charged when it is asked.
pub fn funds(caller: &Principal) -> Funds {
    if caller.purse.posted().is_positive() || caller.purse.is_recharged() {
        Funds::Some
    } else {
        Funds::None
    }
}

/// With `require_parameters`: the models that would have to leave a field out, and the first such.
fn incapable(world: &World, request: &ChatRequest) -> HashMap<ModelId, String> {
    if request.provider_rules().require_parameters != Some(true) {
        return HashMap::new();
    }
    let models = world.catalog.models().iter();
    let lacks = |model: &Arc<Model>| {
        let provider = &world.route(&model.provider)?.provider;
        let left_out = wire::left_out(request, model, provider);
        left_out
            .first()
            .map(|warning| (model.id.clone(), warning.field.to_string()))
    };
    models.filter_map(lacks).collect()
}
