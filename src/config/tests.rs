//! Settings from files and from the environment.

use super::*;

fn env(pairs: &[(&str, &str)]) -> Environment {
    Environment::Fixed(
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
    )
}

#[test]
fn the_example_file_is_the_defaults() {
    let text = include_str!("../../data/model-router.example.toml");
    let example = Settings::parse("example", text).unwrap();
    assert_eq!(format!("{example:?}"), format!("{:?}", Settings::default()));
}

#[test]
fn the_example_file_has_every_key() {
    let text = include_str!("../../data/model-router.example.toml");
    let defaults = toml::Table::try_from(Settings::default()).unwrap();
    for (section, keys) in &defaults {
        assert!(text.contains(&format!("[{section}]")), "{section}");
        for key in keys.as_table().unwrap().keys() {
            assert!(
                text.lines()
                    .any(|line| line.starts_with(&format!("{key} = "))),
                "{section}.{key}"
            );
        }
    }
    for optional in [
        "# public_url = ",
        "# overlay = ",
        "# weights = ",
        "# share = ",
    ] {
        assert!(text.contains(optional), "{optional}");
    }
}

#[test]
fn unknown_keys_are_refused_by_name_and_line() {
    let error = Settings::parse("router.toml", "[server]\nworkers = 1\nbinds = \"x\"\n")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("router.toml:3:"), "{error}");
    assert!(error.contains("binds"), "{error}");
}

#[test]
fn the_environment_is_laid_over_the_file() {
    let mut settings = Settings::default();
    settings
        .lay_over(&env(&[
            ("MODEL_ROUTER_BIND", "127.0.0.1:0"),
            ("MODEL_ROUTER_DATA_DIR", " /d "),
        ]))
        .unwrap();
    assert_eq!(settings.server.bind.port(), 0);
    assert_eq!(settings.storage.data_dir, PathBuf::from("/d"));
    let error = settings
        .lay_over(&env(&[("MODEL_ROUTER_BIND", "nonsense")]))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("MODEL_ROUTER_BIND") && error.contains("127.0.0.1:8080"),
        "{error}"
    );
}

#[test]
fn mail_comes_from_the_environment_and_bad_values_name_their_variable() {
    let mut settings = Settings::default();
    settings
        .lay_over(&env(&[
            ("SMTP_URL", "smtps://user:hunter2@mail.example"),
            ("MAIL_FROM", "Router <no-reply@router.example>"),
        ]))
        .unwrap();
    assert_eq!(settings.mail.from.email.domain(), "router.example");
    assert!(!format!("{settings:?}").contains("hunter2"));
    for (name, value) in [("SMTP_URL", "mail.example"), ("MAIL_FROM", "nobody")] {
        let error = settings.lay_over(&env(&[(name, value)])).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn only_plain_http_on_this_machine_is_a_desk() {
    let of = |text: &str| Settings::parse("f", text).unwrap().is_plain_loopback();
    assert!(of(""));
    assert!(of("[server]\npublic_url = \"http://localhost:8080\""));
    assert!(!of("[server]\npublic_url = \"https://localhost\""));
    assert!(!of("[server]\npublic_url = \"http://router.example\""));
    assert!(!of("[server]\nbind = \"0.0.0.0:80\""));
}

#[test]
fn values_out_of_range_name_their_key() {
    let settings = Settings::parse("f", "[failover]\nidle_ms = 0").unwrap();
    let error = settings.check("f").unwrap_err().to_string();
    assert!(error.contains("failover.idle_ms"), "{error}");
}
