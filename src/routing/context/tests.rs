//! The guard's arithmetic.

use std::sync::Arc;

use super::*;
use crate::catalog::{Catalog, Layer, Tier};
use crate::routing::Spend;
use proptest::prelude::*;

fn model(window: u32, max_input: Option<u32>, max_output: u32) -> Model {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    let mut model = Model::clone(catalog.model("gpt-4.1").unwrap());
    model.context_window = window;
    model.max_input = max_input;
    model.max_output = max_output;
    model
}

#[test]
fn input_and_reserved_output_share_the_window() {
    let model = model(10_000, None, 4_000);
    assert!(Need::of_tokens(6_000, Some(4_000)).fits(&model, 400));
    assert!(!Need::of_tokens(6_001, Some(4_000)).fits(&model, 400));
    // More than the model can give is not reserved.
    assert!(Need::of_tokens(6_000, Some(9_000)).fits(&model, 400));
}

#[test]
fn without_a_maximum_the_expected_answer_is_reserved_but_at_least_1024() {
    let model = model(10_000, None, 4_000);
    assert!(Need::of_tokens(8_976, None).fits(&model, 400));
    assert!(!Need::of_tokens(8_977, None).fits(&model, 400));
    assert!(!Need::of_tokens(8_976, None).fits(&model, 1_200));
}

#[test]
fn a_limit_of_its_own_holds_for_input() {
    let model = model(400_000, Some(272_000), 128_000);
    assert!(Need::of_tokens(272_000, Some(1)).fits(&model, 400));
    assert!(!Need::of_tokens(272_001, Some(1)).fits(&model, 400));
}

#[test]
fn every_model_counts_by_its_own_familys_rules() {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    let prompt = Prompt {
        texts: vec!["The quick brown fox jumps over the lazy dog.".into()],
        messages: 1,
        ..Prompt::default()
    };
    let need = Need::of(&prompt, &Encoding::ALL, None);
    let input = |id: &str| need.input(catalog.model(id).unwrap());
    // OpenAI's cookbook: three for the answer's start, four around the message, and the text's ten.
    assert_eq!(input("gpt-4.1"), 17);
    assert!(input("claude-sonnet-4-6") > input("gpt-4.1"));
    assert!(input("claude-opus-4-7") > input("claude-sonnet-4-6"));
}

#[test]
fn what_was_not_counted_counts_its_bytes() {
    let prompt = Prompt {
        texts: vec!["abcdefgh".into()],
        ..Prompt::default()
    };
    let need = Need::of(&prompt, &[], None);
    let mut model = model(100, None, 10);
    model.tokenizer = Arc::new(crate::catalog::Tokenizer {
        percent: 100,
        per_request: 0,
        ..crate::catalog::Tokenizer::default()
    });
    assert_eq!(need.input(&model), 8);
}

#[test]
fn a_rough_look_is_never_more_than_the_bytes_say() {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    for text in [
        "",
        "Hello, world!",
        "a1 b2 c3",
        "你好，世界",
        "\u{1F600}\u{1F600}",
        "{}[]();;",
    ] {
        let prompt = Prompt {
            texts: vec![text.into()],
            messages: 1,
            ..Prompt::default()
        };
        let (rough, bytes) = (Need::roughly(&prompt, None), Need::of(&prompt, &[], None));
        for model in catalog.models() {
            assert!(
                rough.input(model) <= bytes.input(model),
                "{text}: {}",
                model.id
            );
        }
    }
}

#[test]
fn what_fits_the_room_of_models_fits_each_that_is_free() {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    let learned = |model: &Model| u64::from(model.max_output) / 3;
    let (mut fitted, mut refused) = (0, 0);
    for tier in Tier::ALL {
        let models = catalog.of_tier(tier);
        let rooms = Rooms::of(models, &learned);
        for bytes in (0..22).map(|power| 1_usize << power) {
            for max in [None, Some(1), Some(100_000)] {
                let prompt = Prompt {
                    texts: vec!["a".repeat(bytes).into()],
                    ..Prompt::default()
                };
                let need = Need::of(&prompt, &[], max);
                let mut free = models.iter().filter(|model| model.free);
                let each = free.all(|model| need.fits(model, learned(model)));
                let all = rooms.are_free_and_fit(&need, Spend::FreeOnly);
                assert!(each || !all, "{tier:?}: {bytes} bytes");
                let any = rooms.are_free_and_fit(&need, Spend::Any);
                assert_eq!(any, all && models.iter().all(|model| model.free));
                fitted += usize::from(all);
                refused += usize::from(!all);
            }
        }
        let mut counted: Vec<_> = models.iter().map(|m| m.tokenizer.encoding).collect();
        counted.retain(|encoding| rooms.encodings().all(|known| known != *encoding));
        assert!(counted.is_empty());
    }
    assert!(fitted > 20 && refused > 5, "{fitted}, {refused}");
}

#[test]
fn the_room_of_one_model_is_that_model_s() {
    let free = |window, max_input, max_output| {
        Arc::new(Model {
            free: true,
            ..model(window, max_input, max_output)
        })
    };
    let rooms = |models: &[Arc<Model>]| Rooms::of(models, &|_| 300);
    let fits = |rooms: &Rooms, input, max| {
        rooms.are_free_and_fit(&Need::of_tokens(input, max), Spend::Any)
    };
    let one = rooms(&[free(10_000, Some(8_000), 4_000)]);
    assert!(fits(&one, 8_000, None) && !fits(&one, 8_001, None));
    assert!(fits(&one, 6_000, Some(9_000)) && !fits(&one, 6_001, Some(9_000)));
    let both = rooms(&[free(10_000, None, 4_000), free(50_000, Some(9_500), 100)]);
    assert!(fits(&both, 8_976, None) && !fits(&both, 8_977, None));
    assert!(fits(&both, 9_500, Some(500)) && !fits(&both, 9_501, Some(1)));
    let paid = rooms(&[free(10_000, None, 4_000), Arc::new(model(10, None, 10))]);
    assert!(!fits(&paid, 1, None));
    assert!(paid.are_free_and_fit(&Need::of_tokens(1, None), Spend::FreeOnly));
}

proptest! {
    #[test]
    fn more_text_never_fits_where_less_did_not(
        less in 0_u64..2_000_000, more in 0_u64..2_000_000, max in prop::option::of(1_u64..200_000),
    ) {
        let model = model(400_000, Some(272_000), 128_000);
        let fits = |input| Need::of_tokens(input, max).fits(&model, 1_200);
        prop_assert!(!fits(less + more) || fits(less));
    }

    #[test]
    fn a_request_that_fits_leaves_room_for_its_answer(
        input in 0_u64..400_000, max in prop::option::of(1_u64..200_000),
    ) {
        let model = model(400_000, Some(272_000), 128_000);
        let need = Need::of_tokens(input, max);
        let answer = need.reserved(&model, 1_200);
        let right = input <= 272_000 && input + answer <= 400_000;
        prop_assert_eq!(need.fits(&model, 1_200), right);
    }
}
