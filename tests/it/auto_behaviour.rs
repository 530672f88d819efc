//! How `auto` is to behave: harder variants score higher, and what does not matter changes nothing.
//! None of these texts was trained on.

use bytes::Bytes;
use model_router::http::transcript::transcript;
use model_router::routing::classify::{Circumstances, Verdict, builtin, classify};
use model_router::wire::ChatRequest;
use serde_json::{Value, json};

/// Points by which two verdicts may differ where nothing that matters differs.
const SAME: u8 = 5;

pub fn verdict(messages: Value, tools: Value) -> Verdict {
    let mut body = json!({ "model": "auto", "messages": messages });
    if !tools.is_null() {
        body["tools"] = tools;
    }
    let request = ChatRequest::parse(Bytes::from(body.to_string())).unwrap();
    classify(
        &builtin().unwrap(),
        &transcript(&request),
        &Circumstances::default(),
    )
}

/// The chance that economy fails, in ten-thousandths.
fn demand(messages: Value, tools: Value) -> u16 {
    10_000 - verdict(messages, tools).chances[0]
}

fn says(role: &str, text: &str) -> Value {
    json!({ "role": role, "content": text })
}

fn user(text: &str) -> Value {
    json!([says("user", text)])
}

/// What is easier, and what is harder; a pair a line.
const ORDERINGS: &str = include_str!("auto_orderings.tsv");

#[test]
fn harder_requests_score_higher() {
    let pairs: Vec<(&str, &str)> = ORDERINGS
        .lines()
        .map(|line| line.split_once('\t').unwrap())
        .collect();
    assert!(pairs.len() >= 50);
    let wrong: Vec<String> = pairs
        .into_iter()
        .filter_map(|(easy, hard)| {
            let (low, high) = (
                demand(user(easy), Value::Null),
                demand(user(hard), Value::Null),
            );
            (low >= high).then(|| format!("{low} {easy} / {high} {hard}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const DISCUSSION: &str = "Split the ledger into a log and projections. Writes go to the log under a lease; a second site follows \
    synchronously; projections are rebuilt from it. That touches storage, billing and the gateway: 17 files, one migration \
    without downtime, and a test that kills either site at any step. Shall I implement it?";
const SMALL_TALK: &str =
    "Bananas are yellow, and they go well with yoghurt. Shall I tell you more?";
const POLICY: &str = "You are an agent for hotel bookings. You must verify the guest by booking number and birthday before any \
    change. Never refund a prepaid rate, except within 24 hours of booking. Upgrades need the consent of every guest of the \
    room. If a request is against the policy, refuse it. Make at most one call at a time, and ask for confirmation before \
    each action that changes the database. Vouchers pay for at most half of a stay and never for extras. Do not give \
    information that no tool has returned. Corporate guests may cancel until noon unless the rate is marked as fixed.";

fn tool(name: &str, fields: &[&str]) -> Value {
    let properties: serde_json::Map<String, Value> = fields
        .iter()
        .map(|field| ((*field).to_owned(), json!({ "type": "string" })))
        .collect();
    json!({ "type": "function", "function": { "name": name, "description": name.replace('_', " "),
            "parameters": { "type": "object", "properties": properties, "required": fields } } })
}

fn desk() -> Value {
    json!([
        tool("find_booking", &["booking_id", "birthday"]),
        tool("change_room", &["booking_id", "room_type", "nights"]),
        tool("cancel_booking", &["booking_id", "reason"]),
        tool("list_rooms", &["hotel", "from", "to"]),
        tool("redeem_voucher", &["voucher_id", "booking_id", "amount"]),
        tool("run_query", &["query"]),
    ])
}

/// A task with tools that were called `steps` times, each with this result.
fn trajectory(steps: usize, result: &str, repeats: bool) -> Value {
    let mut messages = vec![says(
        "user",
        "Find out why the nightly import stops, and fix it.",
    )];
    for step in 0..steps {
        let query = if repeats {
            "SELECT 1".to_owned()
        } else {
            format!("SELECT * FROM part_{step} LIMIT {step}")
        };
        let id = format!("call_{step}");
        messages.push(
            json!({ "role": "assistant", "content": null, "tool_calls": [{ "id": id, "type": "function",
            "function": { "name": "run_query", "arguments": json!({ "query": query }).to_string() } }] }),
        );
        messages.push(json!({ "role": "tool", "tool_call_id": id, "content": result }));
    }
    Value::Array(messages)
}

fn after(first: &str, answer: &str, next: &str) -> Value {
    json!([
        says("user", first),
        says("assistant", answer),
        says("user", next)
    ])
}

fn filler(sentences: usize) -> String {
    "The council opened a new playground beside the old mill on Saturday. ".repeat(sentences)
}

/// Messages, and the tools beside them.
type Conversation = (Value, Value);

/// Conversations with more than one text: what is easier, and what is harder.
fn conversations() -> Vec<(&'static str, Conversation, Conversation)> {
    let plain = |messages: Value| (messages, Value::Null);
    let with_tools = |messages: Value| (messages, desk());
    let design =
        "How should we make our ledger survive the loss of a site without ever booking twice?";
    let light = "What language is this text in?";
    let hard = "Find every statement that contradicts another, prove each contradiction, and derive a consistent version.";
    let pasted = |ask: &str, sentences| user(&format!("{ask}\n\n{}", filler(sentences)));
    let failing = "Error: relation does not exist (code 42P01)";
    let policed = |ask: &str| json!([says("system", POLICY), says("user", ask)]);
    let upgrade =
        "Move all four of us to suites, pay with both vouchers first, and cancel the spa.";
    let system = |text: &str, ask: &str| json!([says("system", text), says("user", ask)]);
    vec![
        (
            "assent inherits a design",
            plain(user("Yes, do it.")),
            plain(after(design, DISCUSSION, "Yes, do it.")),
        ),
        (
            "assent after small talk is small talk",
            plain(after("Tell me about bananas.", SMALL_TALK, "Yes, do it.")),
            plain(after(design, DISCUSSION, "Yes, do it.")),
        ),
        (
            "ok after a design",
            plain(after("Tell me about bananas.", SMALL_TALK, "ok")),
            plain(after(design, DISCUSSION, "ok")),
        ),
        (
            "go on, in German",
            plain(after("Erzähl von Bananen.", SMALL_TALK, "Ja, mach weiter.")),
            plain(after(design, DISCUSSION, "Ja, mach weiter.")),
        ),
        (
            "go on, in French",
            plain(after("Parle-moi des bananes.", SMALL_TALK, "Oui, vas-y.")),
            plain(after(design, DISCUSSION, "Oui, vas-y.")),
        ),
        (
            "policy-bound agent against chat",
            plain(user("Any plans for the weekend?")),
            with_tools(policed(upgrade)),
        ),
        (
            "the same task under a policy",
            plain(user("Cancel my booking.")),
            with_tools(policed(upgrade)),
        ),
        (
            "greeting an agent against tasking it",
            with_tools(system("Be brief.", "Hi there!")),
            with_tools(policed(upgrade)),
        ),
        (
            "results that fail",
            with_tools(trajectory(4, "3 rows", false)),
            with_tools(trajectory(4, failing, false)),
        ),
        (
            "results that fail for long",
            with_tools(trajectory(2, failing, false)),
            with_tools(trajectory(8, failing, true)),
        ),
        (
            "going in circles",
            with_tools(trajectory(6, "0 rows", false)),
            with_tools(trajectory(6, "0 rows", true)),
        ),
        (
            "tests that fail",
            with_tools(trajectory(3, "12 passed in 0.4s", false)),
            with_tools(trajectory(
                3,
                "FAILED test_import - AssertionError: 3 != 4",
                false,
            )),
        ),
        (
            "long paste, light or hard ask",
            plain(pasted(light, 40)),
            plain(pasted(hard, 40)),
        ),
        (
            "very long paste, light or hard ask",
            plain(pasted(light, 400)),
            plain(pasted(hard, 400)),
        ),
        (
            "hard ask behind the paste",
            plain(user(&format!("{}\n\n{light}", filler(60)))),
            plain(user(&format!("{}\n\n{hard}", filler(60)))),
        ),
        (
            "a new hard ask after small talk",
            plain(after("Hi!", "Hello!", "How are you?")),
            plain(after(
                "Hi!",
                "Hello!",
                "Prove that the harmonic series diverges and that its alternating form converges to ln 2.",
            )),
        ),
        (
            "thanks after a design",
            plain(after(design, DISCUSSION, "Great, thanks a lot!")),
            plain(after(
                design,
                DISCUSSION,
                "Implement all of it with migrations and tests for each crash point.",
            )),
        ),
        (
            "an easy ask under a short brief",
            plain(system("You are a friendly pirate.", "Say good morning.")),
            plain(system(
                "You are a friendly pirate.",
                "Solve x^4 - 5x^2 + 4 = 0 over the complex numbers and prove that you found all roots.",
            )),
        ),
    ]
}

#[test]
fn harder_conversations_score_higher() {
    let wrong: Vec<String> = conversations()
        .into_iter()
        .filter_map(|(name, easy, hard)| {
            let (low, high) = (demand(easy.0, easy.1), demand(hard.0, hard.1));
            (low >= high).then(|| format!("{name}: {low} / {high}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Two ways to ask for the same.
const SAME_ASKS: [(&str, &str, &str); 19] = [
    (
        "double blanks",
        "Write a function that merges two sorted lists.",
        "Write  a   function that merges  two sorted   lists.",
    ),
    (
        "line breaks",
        "Explain recursion. Give an example. Keep it short.",
        "Explain recursion.\n\nGive an example.\n\n\nKeep it short.\n",
    ),
    (
        "tabs and ends",
        "What is the tallest mountain in Africa?",
        "\t What is the tallest mountain in Africa? \r\n",
    ),
    (
        "upper case",
        "Why does ice float on water?",
        "WHY DOES ICE FLOAT ON WATER?",
    ),
    (
        "lower case",
        "Compute the area of a circle with radius 4 cm.",
        "compute the area of a circle with radius 4 cm.",
    ),
    (
        "upper case of a proof",
        "Prove that the square of an odd number is odd.",
        "PROVE THAT THE SQUARE OF AN ODD NUMBER IS ODD.",
    ),
    (
        "names",
        "Anna has 12 marbles and gives Ben a third of them. How many are left?",
        "Yusuf has 12 marbles and gives Mei a third of them. How many are left?",
    ),
    (
        "longer names",
        "Tom and Kim share the cost of a taxi. Who pays more?",
        "Bartholomew and Wilhelmina share the cost of a taxi. Who pays more?",
    ),
    (
        "places",
        "Plan a day in Lisbon with two museums.",
        "Plan a day in Kraków with two museums.",
    ),
    (
        "other numbers",
        "What is the sum of 418 and 277?",
        "What is the sum of 655 and 139?",
    ),
    (
        "courtesy",
        "Write a SQL query that counts orders per month.",
        "Please write a SQL query that counts orders per month, thanks!",
    ),
    (
        "greeting",
        "How do vaccines work?",
        "Hello! How do vaccines work? Thank you.",
    ),
    (
        "more courtesy",
        "Find the roots of x^2 - 7x + 10.",
        "Hi, please kindly find the roots of x^2 - 7x + 10. Thanks, cheers!",
    ),
    (
        "courtesy in German",
        "Erkläre den Unterschied zwischen TCP und UDP.",
        "Hallo, bitte erkläre den Unterschied zwischen TCP und UDP. Danke!",
    ),
    (
        "emphasis",
        "Write a function that validates an e-mail address.",
        "**Write** a *function* that validates an **e-mail address**.",
    ),
    (
        "heading",
        "Summarise the plot of Faust.",
        "# Summarise the plot of Faust.",
    ),
    (
        "quotation",
        "Translate this sentence into French: the cat sleeps.",
        "> Translate this sentence into French: the cat sleeps.",
    ),
    (
        "paraphrase",
        "Write a function that checks whether a number is prime.",
        "Write a function that tests if a number is prime.",
    ),
    (
        "paraphrase of a proof",
        "Prove that the sum of two even numbers is even.",
        "Prove that adding two even numbers gives an even number.",
    ),
];

#[test]
fn what_does_not_matter_changes_nothing() {
    let score = |messages: Value| verdict(messages, Value::Null).score;
    let mut pairs: Vec<(&str, u8, u8)> = SAME_ASKS
        .iter()
        .map(|(name, one, other)| (*name, score(user(one)), score(user(other))))
        .collect();
    let (first, second) = (
        "Write a class for a stack of integers.",
        "It must throw when it is empty and print its elements in order.",
    );
    let whole = score(user(&format!("{first}\n{second}")));
    let split = json!([says("user", first), says("user", second)]);
    pairs.push(("split into messages", whole, score(split)));
    let parts = json!([{ "role": "user", "content": [{ "type": "text", "text": first }, { "type": "text", "text": second }] }]);
    pairs.push(("split into parts", whole, score(parts)));
    let pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let image = json!([{ "role": "user", "content": [{ "type": "text", "text": first },
                         { "type": "image_url", "image_url": { "url": pixel } }] }]);
    pairs.push((
        "an image that does not matter",
        score(user(first)),
        score(image),
    ));
    let brief = json!([says("developer", "Be brief."), says("user", first)]);
    let system = json!([says("system", "Be brief."), says("user", first)]);
    pairs.push(("developer for system", score(system), score(brief)));
    let wrong: Vec<String> = pairs
        .iter()
        .filter(|(_, one, other)| one.abs_diff(*other) > SAME)
        .map(|(name, one, other)| format!("{name}: {one} and {other}"))
        .collect();
    assert!(
        pairs.len() >= 20 && wrong.is_empty(),
        "{}",
        wrong.join("\n")
    );
}
