//! From a parsed request to what routing needs: which models were asked for, what they must be able
//! to do, and how much of a window they need.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::headers::AutoVerdict;
use super::{ApiError, Code, Switchboard};
use crate::actors::accounts::Principal;
use crate::actors::catalog::World;
use crate::actors::classifier::Classify;
use crate::catalog::alias::{Target, Unknown, provider_alias};
use crate::catalog::{Catalog, Model, ModelId, Prefer, ProviderName, Tier};
use crate::routing::classify::{Conversation, Speaker, Turn, Verdict};
use crate::routing::context::{Need, TOKENS_PER_IMAGE, TOKENS_PER_MESSAGE, count_text};
use crate::routing::{Ask, Choice, Funds, Live, Rules, Shortlist, Standing, Task, candidates};
use crate::wire::{self, ChatRequest, Message, Part, ProviderRules, Role};

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
    /// Every model, ranked or excluded.
    pub shortlist: Shortlist,
}

impl Plan {
    /// Plans a request for a caller. 404 for an unknown model, 400 for an unknown provider.
    pub async fn make(
        desk: &Switchboard,
        caller: &Principal,
        request: &ChatRequest,
    ) -> Result<Self, ApiError> {
        let world = desk.world.load_full();
        let catalog = &world.catalog;
        let target = resolve(catalog, request.model(), "model")?;
        let auto = match &target {
            Target::Auto => Some(classify(desk, request).await?),
            Target::Model(_) | Target::Tier(_) => None,
        };
        let first = choice(target, auto.as_ref());
        let ask = Ask {
            task: Task::Chat,
            choices: choices(catalog, &first, request)?,
            prefer: request.prefer().unwrap_or_default(),
            needs: request.needs(),
            need: Need {
                input: count(request),
                max_output: request.max_output_tokens(),
            },
            rules: rules(catalog, request.provider_rules())?,
            blocked: caller.blocked.clone(),
            funds: funds(caller),
            incapable: incapable(&world, request),
            today: time::OffsetDateTime::now_utc().date(),
        };
        let now = Instant::now();
        let mut shortlist = candidates(catalog, &ask, &catalog.weights(), &|model| {
            world.live(model, now)
        });
        if shortlist.ranked.is_empty() && shortlist.reopens_in().is_some() {
            shortlist = last_resort(&world, &ask, now);
        }
        let tier = tier_of(&first);
        let pin = match first {
            Choice::Model(model) => Some(model.id.clone()),
            Choice::Tier(_) => None,
        };
        Ok(Self {
            pin,
            need: ask.need,
            prefer: ask.prefer,
            task: ask.task,
            tier,
            auto,
            shortlist,
            world,
        })
    }

    /// What `auto` said, for headers.
    pub fn verdict(&self) -> Option<AutoVerdict> {
        self.auto.as_ref().map(|verdict| AutoVerdict {
            tier: verdict.tier,
            score: verdict.score,
        })
    }
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

/// What a name stands for. 404 lists the tiers and the nearest ids.
pub fn resolve(catalog: &Catalog, name: &str, param: &str) -> Result<Target, ApiError> {
    let target = catalog
        .resolve(name)
        .map_err(|unknown| not_found(&unknown, param))?;
    match &target {
        Target::Model(model) if !model.is_chat() => {
            let message = format!(
                "{} makes embeddings; use a chat model or a tier here.",
                model.id
            );
            Err(ApiError::new(Code::InvalidValue, message).param(param))
        }
        Target::Model(_) | Target::Tier(_) | Target::Auto => Ok(target),
    }
}

/// 404 for a name that nothing has.
pub fn not_found(unknown: &Unknown, param: &str) -> ApiError {
    ApiError::new(Code::ModelNotFound, unknown.to_string()).param(param)
}

fn choice(target: Target, auto: Option<&Verdict>) -> Choice {
    match target {
        Target::Model(model) => Choice::Model(model),
        Target::Tier(tier) => Choice::Tier(tier),
        Target::Auto => Choice::Tier(auto.map_or(Tier::Standard, |verdict| verdict.tier)),
    }
}

fn tier_of(choice: &Choice) -> Option<Tier> {
    match choice {
        Choice::Tier(tier) => Some(*tier),
        Choice::Model(model) => model.tiers.first().copied(),
    }
}

/// Whether the caller can pay at all.
pub fn funds(caller: &Principal) -> Funds {
    if caller.purse.posted().is_positive() {
        Funds::Some
    } else {
        Funds::None
    }
}

/// The first choice, the caller's own fallbacks, and for a pin with `allow_fallbacks` its tier.
fn choices(
    catalog: &Catalog,
    first: &Choice,
    request: &ChatRequest,
) -> Result<Vec<Choice>, ApiError> {
    let mut choices = vec![first.clone()];
    for (i, name) in request.fallback_models().iter().enumerate() {
        choices.push(choice(
            resolve(catalog, name, &format!("models[{i}]"))?,
            None,
        ));
    }
    match (first, request.provider_rules().allow_fallbacks) {
        (Choice::Model(model), Some(true)) => {
            choices.extend(model.tiers.first().copied().map(Choice::Tier));
        }
        (_, Some(false)) => choices.truncate(1),
        (Choice::Model(_) | Choice::Tier(_), Some(true) | None) => {}
    }
    Ok(choices)
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

/// The caller's rules with the catalog's names. 400 for an unknown provider.
pub fn rules(catalog: &Catalog, wanted: &ProviderRules) -> Result<Rules, ApiError> {
    let names = |list: &[String], field: &str| -> Result<Vec<ProviderName>, ApiError> {
        list.iter()
            .map(|name| provider(catalog, name, field))
            .collect()
    };
    Ok(Rules {
        order: names(&wanted.order, "provider.order")?,
        only: names(&wanted.only, "provider.only")?,
        ignore: names(&wanted.ignore, "provider.ignore")?,
        max_prompt_price: wanted.max_prompt_price,
        max_completion_price: wanted.max_completion_price,
    })
}

fn provider(catalog: &Catalog, name: &str, field: &str) -> Result<ProviderName, ApiError> {
    let wanted = provider_alias(name);
    if catalog.provider(&wanted).is_some() {
        return Ok(wanted);
    }
    let known = catalog
        .providers()
        .iter()
        .map(|p| p.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    Err(ApiError::new(
        Code::InvalidValue,
        format!("There is no provider {name:?}; use one of {known}."),
    )
    .param(field))
}

/// Estimated input tokens of the whole request.
fn count(request: &ChatRequest) -> u64 {
    let message = |message: Message<'_>| {
        let texts: u64 = message.texts().map(|text| count_text(&text)).sum();
        TOKENS_PER_MESSAGE + texts + attachments(&message) * TOKENS_PER_IMAGE
    };
    let tools = request.tools_raw().map_or(0, count_text);
    request.messages().map(message).sum::<u64>() + tools
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
    let conversation = Conversation {
        turns: turns.collect(),
        tools_bytes: request.tools_raw().map_or(0, str::len),
    };
    desk.classifier
        .send(Classify(conversation))
        .await
        .map_err(ApiError::internal)
}
