//! From a parsed request to what routing needs: which models were asked for, what they must be able
//! to do, and how much of a window they need.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::choices;
use super::conversation::Conversation;
use super::count;
use super::headers::AutoVerdict;
use super::{ApiError, Switchboard};
use crate::actors::accounts::Principal;
use crate::actors::catalog::World;
use crate::actors::classifier::Classify;
use crate::actors::clock::today;
use crate::catalog::alias::Target;
use crate::catalog::{Catalog, Model, ModelId, Prefer, Tier};
use crate::routing::classify::{Conversation as Transcript, Speaker, Turn, Verdict};
use crate::routing::context::Need;
use crate::routing::sticky::{Tie, Warm};
use crate::routing::{
    Ask, CacheMarks, Choice, Funds, Live, Reason, Shortlist, Standing, Task, candidates, ranked,
};
use crate::wire::{self, ChatRequest, Message, Part, Role};

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
    /// Who can serve it; and why the others cannot, when nobody can or that was asked for.
    pub shortlist: Shortlist,
    /// The keyed hash of its messages; `None` for embeddings.
    pub conversation: Option<u64>,
}

/// How much of the catalog a plan tells about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Who can serve the request.
    Ranked,
    /// Also why every other model cannot.
    Excluded,
}

impl Plan {
    /// Plans a request for a caller. 404 for an unknown model, 400 for an unknown provider.
    pub async fn make(
        desk: &Switchboard,
        caller: &Principal,
        request: &ChatRequest,
        detail: Detail,
    ) -> Result<Self, ApiError> {
        let world = desk.world.load_full();
        let catalog = &world.catalog;
        let first = choices::named(catalog, request.model(), "model")?.or_tier(caller.default_tier);
        let auto = match &first.target {
            Target::Auto => Some(classify(desk, request).await?),
            Target::Model(_) | Target::Tier(_) => None,
        };
        let now = Instant::now();
        let conversation = Conversation::of(desk, caller.account, request);
        let warm = conversation.warm(desk, now);
        let picked = auto_tier(catalog, auto.as_ref(), warm.as_ref());
        let picked = caller.allowed.nearest(picked);
        let choices = choices::choices(catalog, first, picked, request, caller.default_prefer)?;
        let members = choices.iter().flat_map(|choice| choice.members(catalog));
        let ask = Ask {
            task: Task::Chat,
            needs: request.needs(),
            need: count::need_for(
                members,
                request,
                &caller.account.to_string(),
                funds(caller),
                |model| world.live(model, now).output_mean,
            ),
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
        let shortlist = shortlist(&world, &ask, detail, now);
        let first = ask.choices.first();
        let pin = first.and_then(Choice::pinned).cloned();
        Ok(Self {
            pin,
            need: ask.need,
            prefer: first.map(|choice| choice.prefer).unwrap_or_default(),
            task: ask.task,
            tier: first.and_then(Choice::tier_of),
            auto,
            shortlist,
            conversation: Some(conversation.whole()),
            world,
        })
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
        self.auto.as_ref().map(|verdict| AutoVerdict {
            tier: verdict.tier,
            score: verdict.score,
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
fn shortlist(world: &World, ask: &Ask, detail: Detail, now: Instant) -> Shortlist {
    let (catalog, weights) = (&world.catalog, world.catalog.weights());
    let live = |model: &Model| world.live(model, now);
    let ranked = match detail {
        Detail::Ranked => ranked(catalog, ask, &weights, &live),
        Detail::Excluded => Vec::new(),
    };
    if !ranked.is_empty() {
        return Shortlist {
            ranked,
            excluded: Vec::new(),
        };
    }
    let shortlist = candidates(catalog, ask, &weights, &live);
    if shortlist.ranked.is_empty() && shortlist.reopens_in().is_some() {
        return last_resort(world, ask, now);
    }
    shortlist
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

/// Images, files and audio of a message.
fn attachments(message: &Message<'_>) -> u64 {
    let count = message.parts().filter(|part| match part {
        Part::Text(_) | Part::Refusal(_) => false,
        Part::Image { .. } | Part::Audio(_) | Part::File(_) => true,
    });
    count.count() as u64
}

async fn classify(desk: &Switchboard, request: &ChatRequest) -> Result<Verdict, ApiError> {
    let turns = request.messages().map(|message| Turn {
        speaker: match message.role() {
            Role::System | Role::Developer => Speaker::System,
            Role::User => Speaker::User,
            Role::Assistant => Speaker::Assistant,
            Role::Tool | Role::Function => Speaker::Tool,
        },
        text: message.texts().collect::<Vec<_>>().join("\n"),
        attachments: u32::try_from(attachments(&message)).unwrap_or(u32::MAX),
    });
    let conversation = Transcript {
        turns: turns.collect(),
        tools_bytes: request.tools_raw().map_or(0, str::len),
    };
    desk.classifier
        .send(Classify(conversation))
        .await
        .map_err(ApiError::internal)
}
