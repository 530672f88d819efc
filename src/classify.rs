//! `model-router classify`: what `auto` makes of a conversation, for people, evaluation and training.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use bytes::Bytes;
use model_router::actors::catalog::Source;
use model_router::actors::classifier;
use model_router::actors::clock::today;
use model_router::catalog::Prefer;
use model_router::config::{Environment, Settings};
use model_router::http::transcript::transcript;
use model_router::money::Picodollars;
use model_router::routing::classify::{
    Circumstances, Conversation, Model, NAMES, Prices, Verdict, classify, model,
};
use model_router::routing::{Live, Standing, TierPrices};
use model_router::wire::ChatRequest;
use serde_json::{Map, Value, json};

/// One line of input at the most.
const MOST_LINE_BYTES: u64 = 20 << 20;

/// What is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One conversation, and a verdict to be read by people.
    Page,
    /// A conversation a line, and a verdict of JSON for each.
    Lines,
    /// A conversation a line, and what training reads of each.
    Features,
}

type Failure = Box<dyn std::error::Error>;

/// Classifies what a file or standard input holds.
pub fn run(config: Option<&Path>, from: &Path, form: Form) -> ExitCode {
    match classified(config, from, form) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{}: {reason}", from.display());
            ExitCode::FAILURE
        }
    }
}

fn classified(config: Option<&Path>, from: &Path, form: Form) -> Result<(), Failure> {
    let input: Box<dyn Read> = if from == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(from)?)
    };
    let mut input = BufReader::new(input);
    let mut out = BufWriter::new(io::stdout());
    match form {
        Form::Page => {
            let mut text = String::new();
            input.take(MOST_LINE_BYTES).read_to_string(&mut text)?;
            let verdict = Judge::new(config)?.verdict(&conversation(&text)?.1);
            write!(out, "{}", page(&verdict))?;
        }
        Form::Lines => {
            let judge = Judge::new(config)?;
            each_line(&mut input, &mut out, |conversation| {
                told(&judge.verdict(conversation))
            })?;
        }
        // Training reads features also where the weights are of an older program.
        Form::Features => {
            writeln!(out, "{}", header(config)?)?;
            each_line(&mut input, &mut out, features)?;
        }
    }
    Ok(out.flush()?)
}

/// Writes a line of JSON for each conversation.
fn each_line(
    input: &mut impl BufRead,
    out: &mut impl Write,
    tell: impl Fn(&Conversation) -> Map<String, Value>,
) -> Result<(), Failure> {
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        if input.by_ref().take(MOST_LINE_BYTES).read_line(&mut line)? == 0 {
            break;
        }
        let found = conversation(&line).map_err(|error| format!("line {number}: {error}"));
        let (id, conversation) = found?;
        let mut told = tell(&conversation);
        told.insert("id".to_owned(), id);
        writeln!(out, "{}", Value::Object(told))?;
    }
    Ok(())
}

/// What comes before the features: their names, and what the tiers cost.
fn header(config: Option<&Path>) -> Result<Value, Failure> {
    let settings = Settings::load(config, &Environment::Process)?;
    let Prices(prices) = prices(&settings)?;
    let prices = prices.map(|price| price.map(Picodollars::get));
    Ok(json!({ "features": NAMES.as_slice(), "prices_picodollars": prices }))
}

/// What the tiers cost as if every provider had a key.
fn prices(settings: &Settings) -> Result<Prices, Failure> {
    let source = Source {
        overlay: settings.catalog.overlay.clone(),
        env: Environment::Process,
    };
    let live = |model: &_| Live::prior(model, Standing::Flowing);
    Ok(TierPrices::of(&source.load()?, today(), &live).prices(Prefer::default(), &[]))
}

/// The model, and what the tiers cost.
struct Judge {
    model: Model,
    circumstances: Circumstances,
}

impl Judge {
    fn new(config: Option<&Path>) -> Result<Self, Failure> {
        let settings = Settings::load(config, &Environment::Process)?;
        Ok(Self {
            model: classifier::load(settings.auto.weights.as_ref())?,
            circumstances: Circumstances {
                prices: prices(&settings)?,
                ..Circumstances::default()
            },
        })
    }

    fn verdict(&self, conversation: &Conversation) -> Verdict {
        classify(&self.model, conversation, &self.circumstances)
    }
}

/// The `id` and the conversation of a chat request, or of `messages` alone.
fn conversation(text: &str) -> Result<(Value, Conversation), Failure> {
    let mut request = match serde_json::from_str(text)? {
        Value::Object(request) => request,
        Value::Array(messages) => Map::from_iter([("messages".to_owned(), messages.into())]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Err("expected a chat request or an array of messages".into());
        }
    };
    let id = request.remove("id").unwrap_or_default();
    // Rows of data sets have members of their own.
    request.retain(|name, _| ["messages", "tools", "functions"].contains(&name.as_str()));
    request.insert("model".to_owned(), "auto".into());
    let body = Bytes::from(serde_json::to_vec(&request)?);
    let request = ChatRequest::parse(body).map_err(|invalid| invalid.message)?;
    Ok((id, transcript(&request)))
}

fn told(verdict: &Verdict) -> Map<String, Value> {
    let signals: Vec<Value> = verdict
        .signals
        .iter()
        .map(|signal| json!({"name": signal.name, "value": signal.value, "weight": signal.weight}))
        .collect();
    Map::from_iter([
        ("score".to_owned(), verdict.score.into()),
        ("tier".to_owned(), verdict.tier.as_str().into()),
        ("chances".to_owned(), verdict.chances.to_vec().into()),
        ("signals".to_owned(), signals.into()),
    ])
}

fn features(conversation: &Conversation) -> Map<String, Value> {
    let reading = model::reading(conversation);
    Map::from_iter([
        ("features".to_owned(), reading.features.to_vec().into()),
        ("grams".to_owned(), reading.grams.into()),
    ])
}

fn page(verdict: &Verdict) -> String {
    let chance = |i: usize| f64::from(verdict.chances[i]) / 100.0;
    let mut page = format!(
        "tier     {}\nscore    {} of 100\nsucceed  economy {:.0} %, standard {:.0} %, premium {:.0} %\n",
        verdict.tier.as_str(),
        verdict.score,
        chance(0),
        chance(1),
        chance(2)
    );
    for signal in &verdict.signals {
        let (name, value, weight) = (signal.name, signal.value, signal.weight);
        page.push_str(&format!("{weight:>+8.2}  {name} {value}\n"));
    }
    page
}
