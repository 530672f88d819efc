//! What a query of `/models` looks for, and by what it sorts.

use std::cmp::Ordering;

use url::form_urlencoded::Serializer;

use super::Found;
use crate::catalog::Model;
use crate::http::pages::form::Form;
use crate::pages::Column;

/// What is looked for.
pub struct Query {
    /// Part of a name.
    pub text: String,
    /// A tier.
    pub tier: String,
    /// A provider.
    pub provider: String,
    /// An ability.
    pub can: String,
    /// By what, and in which direction.
    pub sort: Option<(Key, Direction)>,
    /// Which page of what is found, from 1.
    pub page: usize,
}

/// What the list can be sorted by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Model,
    Tier,
    Provider,
    Input,
    Output,
    Window,
    Quality,
    Coding,
    First,
    Speed,
    State,
}

/// A direction of sorting.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
}

impl Query {
    /// Anything that cannot be looked for is left out.
    pub fn of(form: &Form) -> Self {
        let short = |name| form.text(name).chars().take(100).collect::<String>();
        let sort = form.text("sort");
        let (name, direction) = match sort.strip_prefix('-') {
            Some(name) => (name, Direction::Down),
            None => (sort, Direction::Up),
        };
        let key = Key::ALL.into_iter().find(|key| key.name() == name);
        Self {
            text: short("q"),
            tier: short("tier"),
            provider: short("provider"),
            can: short("can"),
            sort: key.map(|key| (key, direction)),
            page: form.text("page").parse().unwrap_or(1).max(1),
        }
    }

    pub fn wants(&self, model: &Model) -> bool {
        let text = self.text.to_lowercase();
        let named = |name: &str| name.to_lowercase().contains(&text);
        let is = |wanted: &str, has: &dyn Fn(&str) -> bool| wanted.is_empty() || has(wanted);
        (named(model.id.as_str()) || named(&model.name) || named(model.provider.as_str()))
            && is(&self.tier, &|tier| {
                model.tiers.iter().any(|t| t.as_str() == tier)
            })
            && is(&self.provider, &|provider| {
                model.provider.as_str() == provider
            })
            && is(&self.can, &|can| {
                model.abilities.iter().any(|a| a.as_str() == can)
            })
    }

    /// A column's heading: a click sorts by it, the next one the other way round.
    pub fn column(&self, key: Key) -> Column {
        let (order, next) = match self.sort {
            Some((sorted, Direction::Up)) if sorted == key => ("ascending", Direction::Down),
            Some((sorted, Direction::Down)) if sorted == key => ("descending", Direction::Up),
            Some(_) | None => ("", Direction::Up),
        };
        let sort = self.sort_text(Some((key, next)));
        Column {
            name: key.name(),
            title: key.title(),
            is_number: key.is_number(),
            href: self.path(&sort, 1),
            sort,
            order,
        }
    }

    /// Where another page of the same list is.
    pub fn page_path(&self, page: usize) -> String {
        self.path(&self.sort_text(self.sort), page)
    }

    fn path(&self, sort: &str, page: usize) -> String {
        let mut query = Serializer::new(String::new());
        let page = if page == 1 {
            String::new()
        } else {
            page.to_string()
        };
        let pairs = [
            ("q", self.text.as_str()),
            ("tier", &self.tier),
            ("provider", &self.provider),
            ("can", &self.can),
            ("sort", sort),
            ("page", &page),
        ];
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() {
            return "/models".to_owned();
        }
        format!("/models?{query}")
    }

    pub fn sort_text(&self, sort: Option<(Key, Direction)>) -> String {
        match sort {
            None => String::new(),
            Some((key, Direction::Up)) => key.name().to_owned(),
            Some((key, Direction::Down)) => format!("-{}", key.name()),
        }
    }
}

impl Key {
    pub const ALL: [Self; 11] = [
        Self::Model,
        Self::Tier,
        Self::Provider,
        Self::Input,
        Self::Output,
        Self::Window,
        Self::Quality,
        Self::Coding,
        Self::First,
        Self::Speed,
        Self::State,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Tier => "tier",
            Self::Provider => "provider",
            Self::Input => "input",
            Self::Output => "output",
            Self::Window => "window",
            Self::Quality => "quality",
            Self::Coding => "coding",
            Self::First => "first",
            Self::Speed => "speed",
            Self::State => "state",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Model => "Model",
            Self::Tier => "Tier",
            Self::Provider => "Provider",
            Self::Input => "In",
            Self::Output => "Out",
            Self::Window => "Window",
            Self::Quality => "Quality",
            Self::Coding => "Coding",
            Self::First => "First token",
            Self::Speed => "Tokens/s",
            Self::State => "State",
        }
    }

    const fn is_number(self) -> bool {
        match self {
            Self::Model | Self::Tier | Self::Provider | Self::State => false,
            Self::Input
            | Self::Output
            | Self::Window
            | Self::Quality
            | Self::Coding
            | Self::First
            | Self::Speed => true,
        }
    }

    /// In one direction or the other; what has no value is last in both.
    pub fn compare(self, a: &Found<'_>, b: &Found<'_>, direction: Direction) -> Ordering {
        let turn = |order: Ordering| match direction {
            Direction::Up => order,
            Direction::Down => order.reverse(),
        };
        let number = |value: &dyn Fn(&Found<'_>) -> Option<f64>| match (value(a), value(b)) {
            (Some(a), Some(b)) => turn(a.total_cmp(&b)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        let chat = |found: &Found<'_>, value: f64| found.model.is_chat().then_some(value);
        match self {
            Self::Model => turn(a.model.id.cmp(&b.model.id)),
            Self::Tier => turn(a.model.tiers.cmp(&b.model.tiers)),
            Self::Provider => turn(a.model.provider.cmp(&b.model.provider)),
            Self::Input => turn(
                a.charged(a.model.price.base.input)
                    .cmp(&b.charged(b.model.price.base.input)),
            ),
            Self::Output => turn(
                a.charged(a.model.price.base.output)
                    .cmp(&b.charged(b.model.price.base.output)),
            ),
            Self::Window => turn(a.model.context_window.cmp(&b.model.context_window)),
            Self::Quality => number(&|found| found.model.quality),
            Self::Coding => number(&|found| found.model.coding),
            Self::First => number(&|found| chat(found, found.live.ttft_p50_ms)),
            Self::Speed => number(&|found| chat(found, found.live.tokens_per_s)),
            Self::State => turn(a.state.cmp(b.state)),
        }
    }
}
