//! `model-router catalog diff`.

use std::process::Command;

use tempfile::TempDir;

#[test]
fn a_price_list_is_compared_and_nothing_is_changed() {
    let dir = TempDir::new().unwrap();
    let list = dir.path().join("prices.json");
    let run = |text: &str| {
        std::fs::write(&list, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_model-router"));
        command.env_clear().current_dir(dir.path());
        command.args(["catalog", "diff", "--prices"]).arg(&list);
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), told + &errors)
    };
    let row = |input: &str| {
        format!(
            r#"{{"gpt-4.1": {{"litellm_provider": "openai", "input_cost_per_token": {input}, "output_cost_per_token": 8e-06}}}}"#
        )
    };
    let (code, told) = run(&row("2e-06"));
    assert_eq!(code, Some(0), "{told}");
    let (code, told) = run(&row("3e-06"));
    assert_eq!(code, Some(1));
    assert!(told.contains("gpt-4.1: input 2, listed 3"), "{told}");
    let (code, told) = run("<html>");
    assert_eq!(code, Some(2));
    assert!(told.contains("prices.json"), "{told}");
}
