//! The numbers that the model looks at, by name. All are integers: shares are in thousandths.

use super::conversation::{Conversation, Speaker};
use super::picture::{Picture, Place};
use super::texture::Texture;

/// One number of a texture.
type Reading = fn(&Texture) -> u32;

const ASK: &[(&str, Reading)] = &[
    ("ask_letters", size),
    ("ask_words", |t| t.words),
    ("ask_content", |t| t.content),
    ("ask_distinct_share", |t| share(t.distinct, t.words)),
    ("ask_content_share", |t| share(t.content, t.words)),
    ("ask_word_length", |t| ratio(t.word_letters, t.words)),
    ("ask_long_words_share", |t| share(t.long_words, t.words)),
    ("ask_foreign_share", |t| share(t.foreign, t.words)),
    ("ask_numbers", |t| t.numbers),
    ("ask_numbers_share", |t| share(t.numbers, t.words)),
    ("ask_long_numbers", |t| t.long_numbers),
    ("ask_questions", |t| t.questions),
    ("ask_sentences", |t| t.sentences),
    ("ask_sentence_length", |t| {
        ratio(t.words, t.sentences.max(1))
    }),
    ("ask_lines", |t| t.lines),
    ("ask_items", |t| t.items),
    ("ask_options", |t| t.options),
    ("ask_code_lines", |t| t.code_lines),
    ("ask_code_share", |t| share(t.code_lines, t.lines)),
    ("ask_fences", |t| t.fences),
    ("ask_operators", |t| t.operators),
    ("ask_operators_share", |t| share(t.operators, t.letters)),
    ("ask_latex", |t| t.latex),
    ("ask_formulas", |t| t.formulas),
    ("ask_brackets", |t| t.brackets),
    ("ask_brackets_share", |t| share(t.brackets, t.letters)),
    ("ask_depth", |t| t.depth),
    ("ask_quotes", |t| t.quotes),
    ("ask_joined", |t| t.joined),
    ("ask_invoked", |t| t.invoked),
    ("ask_commas", |t| t.commas),
    ("ask_commas_share", |t| share(t.commas, t.words)),
    ("ask_colons", |t| t.colons),
    ("ask_asks", |t| t.asks),
    ("ask_asks_share", |t| share(t.asks, t.words)),
    ("ask_constraints", |t| t.constraints),
    ("ask_constraints_share", |t| share(t.constraints, t.words)),
    ("ask_quantifiers", |t| t.quantifiers),
    ("ask_quantifiers_share", |t| share(t.quantifiers, t.words)),
    ("ask_proofs", |t| t.proofs),
    ("ask_reasons", |t| t.reasons),
    ("ask_failures", |t| t.failures),
];

const OPENING: &[(&str, Reading)] = &[
    ("opening_letters", size),
    ("opening_numbers", |t| t.numbers),
    ("opening_code_lines", |t| t.code_lines),
    ("opening_constraints", |t| t.constraints),
    ("opening_word_length", |t| ratio(t.word_letters, t.words)),
];

const SYSTEM: &[(&str, Reading)] = &[
    ("system_letters", size),
    ("system_lines", |t| t.lines),
    ("system_items", |t| t.items),
    ("system_constraints", |t| t.constraints),
    ("system_code_lines", |t| t.code_lines),
    ("system_quantifiers", |t| t.quantifiers),
];

const ANSWER: &[(&str, Reading)] = &[
    ("answer_letters", size),
    ("answer_code_lines", |t| t.code_lines),
    ("answer_items", |t| t.items),
    ("answer_failures", |t| t.failures),
    ("answer_formulas", |t| t.formulas + t.latex),
    ("answer_reasons", |t| t.reasons),
];

const RESULT: &[(&str, Reading)] = &[
    ("result_letters", size),
    ("result_lines", |t| t.lines),
    ("result_brackets", |t| t.brackets),
    ("result_failures", |t| t.failures),
];

const TOOLS: &[(&str, Reading)] = &[
    ("tools_letters", size),
    ("tools_depth", |t| t.depth),
    ("tools_brackets", |t| t.brackets),
    ("tools_constraints", |t| t.constraints),
];

/// What the whole conversation shows.
type Overview = fn(&Conversation, &Picture) -> u32;

const WHOLE: &[(&str, Overview)] = &[
    ("turns", |c, _| {
        number(c.count(Speaker::User) + c.count(Speaker::Assistant) + c.count(Speaker::Tool))
    }),
    ("user_turns", |c, _| number(c.count(Speaker::User))),
    ("answers", |c, _| number(c.count(Speaker::Assistant))),
    ("results", |c, _| number(c.count(Speaker::Tool))),
    ("calls", |c, _| number(c.calls())),
    ("bytes", |c, _| number(c.bytes())),
    ("tools", |c, _| c.tools),
    ("asks_read", |_, p| p.asks_read),
    ("failing_results", |_, p| p.failing),
    ("failing_now", |_, p| p.failing_now),
    ("repeated_actions", |_, p| p.repeated),
];

/// How many there are.
pub const COUNT: usize = ASK.len()
    + OPENING.len()
    + SYSTEM.len()
    + ANSWER.len()
    + RESULT.len()
    + TOOLS.len()
    + WHOLE.len();

/// Their names, in order.
pub const NAMES: [&str; COUNT] = {
    let mut names = [""; COUNT];
    let mut at = 0;
    let groups = [ASK, OPENING, SYSTEM, ANSWER, RESULT, TOOLS];
    let mut group = 0;
    while group < groups.len() {
        let mut i = 0;
        while i < groups[group].len() {
            names[at] = groups[group][i].0;
            at += 1;
            i += 1;
        }
        group += 1;
    }
    let mut i = 0;
    while i < WHOLE.len() {
        names[at] = WHOLE[i].0;
        at += 1;
        i += 1;
    }
    names
};

/// The features of a conversation.
pub fn features(conversation: &Conversation, picture: &Picture) -> [u32; COUNT] {
    let mut values = [0; COUNT];
    let mut next = values.iter_mut();
    for (place, readings) in Place::ALL
        .iter()
        .zip([ASK, OPENING, SYSTEM, ANSWER, RESULT, TOOLS])
    {
        let texture = &picture.textures[*place as usize];
        for ((_, reading), value) in readings.iter().zip(&mut next) {
            *value = reading(texture);
        }
    }
    for ((_, overview), value) in WHOLE.iter().zip(&mut next) {
        *value = overview(conversation, picture);
    }
    values
}

/// Letters, with what was not read.
fn size(texture: &Texture) -> u32 {
    texture.letters.saturating_add(texture.skipped)
}

fn share(part: u32, whole: u32) -> u32 {
    ratio(part, whole)
}

/// Thousandths; 0 of nothing.
fn ratio(part: u32, whole: u32) -> u32 {
    let thousandths = u64::from(part) * 1000;
    number(thousandths.checked_div(u64::from(whole)).unwrap_or(0))
}

fn number(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
