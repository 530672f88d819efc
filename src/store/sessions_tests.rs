//! Sessions: bounded, sliding, ended alone or together.

use super::*;

fn fresh() -> Sessions {
    let dir = tempfile::tempdir().unwrap();
    Sessions::load(&Db::open(dir.path()).unwrap(), Pepper::generate()).unwrap()
}

fn open(sessions: &mut Sessions, account: AccountId, now_ms: u64) -> Opened {
    sessions.open(account, "curl/8", now_ms, &mut Batch::default())
}

#[test]
fn the_fifty_first_session_ends_the_oldest() {
    let (mut sessions, ada, bob) = (fresh(), AccountId::new(), AccountId::new());
    let bobs = open(&mut sessions, bob, 0).session;
    let first = open(&mut sessions, ada, 0);
    assert!(first.ended.is_empty());
    for now in 1..50 {
        assert!(open(&mut sessions, ada, now).ended.is_empty());
    }
    let last = open(&mut sessions, ada, 50);
    assert_eq!(last.ended, [first.session.hash]);
    assert_eq!(sessions.of(ada).count(), 50);
    assert_eq!(sessions.of(bob).collect::<Vec<_>>(), [&bobs]);
}

#[test]
fn a_session_slides_and_ends_after_thirty_days_without_a_visit() {
    let (mut sessions, ada) = (fresh(), AccountId::new());
    let used = open(&mut sessions, ada, 0).session.hash;
    let idle = open(&mut sessions, ada, 0).session.hash;
    sessions.touch(&used, SESSION_MS - 1, &mut Batch::default());
    assert!(
        sessions
            .expire(SESSION_MS - 1, &mut Batch::default())
            .is_empty()
    );
    assert_eq!(sessions.expire(SESSION_MS, &mut Batch::default()), [idle]);
    let end = SESSION_MS - 1 + SESSION_MS;
    assert_eq!(sessions.expire(end, &mut Batch::default()), [used]);
    assert_eq!((sessions.all().count(), sessions.by_account.len()), (0, 0));
}

#[test]
fn nobody_ends_the_session_of_another() {
    let (mut sessions, ada, eve) = (fresh(), AccountId::new(), AccountId::new());
    let adas = open(&mut sessions, ada, 0).session;
    let mut batch = Batch::default();
    assert_eq!(sessions.end(eve, adas.id, &mut batch), None);
    assert_eq!(sessions.end(ada, SessionId::new(), &mut batch), None);
    assert!(batch.is_empty());
    assert_eq!(sessions.end(ada, adas.id, &mut batch), Some(adas.hash));
    assert_eq!(sessions.end(ada, adas.id, &mut batch), None);
}

#[test]
fn logging_out_everywhere_ends_all_sessions_of_one_account() {
    let (mut sessions, ada, bob) = (fresh(), AccountId::new(), AccountId::new());
    for now in 0..3 {
        open(&mut sessions, ada, now);
    }
    open(&mut sessions, bob, 0);
    assert_eq!(sessions.end_all(ada, &mut Batch::default()).len(), 3);
    assert_eq!((sessions.of(ada).count(), sessions.of(bob).count()), (0, 1));
}

#[test]
fn sessions_outlive_a_restart_and_their_token_is_not_stored() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let (pepper, ada) = (Pepper::generate(), AccountId::new());
    let mut sessions = Sessions::load(&db, pepper.clone()).unwrap();
    let mut batch = Batch::default();
    let opened = sessions.open(ada, "Mozilla/5.0", 7, &mut batch);
    db.commit(batch).unwrap();
    let again = Sessions::load(&db, pepper.clone()).unwrap();
    assert_eq!(again.of(ada).collect::<Vec<_>>(), [&opened.session]);
    assert_eq!(opened.session.hash, opened.token.hash(&pepper));
    let (_, row) = db.rows(key::SESSIONS).unwrap().next().unwrap().unwrap();
    let secret = opened.token.reveal().as_bytes();
    assert!(!row.windows(secret.len()).any(|bytes| bytes == secret));
}

#[test]
fn a_long_description_is_cut_between_characters() {
    assert_eq!(shorten(&"é".repeat(100)).len(), 120);
    assert_eq!(shorten("a\r\nb\u{1b}[31m"), "ab[31m");
}
