//! The mailer's actor: takes mails off everybody's hands, a bounded number at a time.

mod post;

use std::collections::VecDeque;
use std::time::Instant;

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, ResponseFuture, WrapFuture,
};
use tokio::sync::oneshot;
use ulid::Ulid;

pub use post::{Post, PostError};

use crate::config;
use crate::mail::Mail;

/// Sends a mail, some time soon. Nobody waits for it: what becomes of it is in the log.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Send(pub Mail);

/// Answers when no mail is waiting or on its way.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Finish;

/// Guards the mails that wait.
pub struct Mailer {
    post: Post,
    desk: Desk,
    finished: Vec<oneshot::Sender<()>>,
}

/// Mails that wait and the number of those on their way.
struct Desk {
    waiting: VecDeque<(Mail, Instant)>,
    under_way: usize,
    most_waiting: usize,
    at_once: usize,
}

/// A mail was dropped.
#[derive(Debug, thiserror::Error)]
#[error("a {0} was dropped, because mail.queue mails are waiting; is the mail server well?")]
struct Full(&'static str);

impl Desk {
    /// Takes a mail, or drops it when too many are waiting.
    fn take(&mut self, mail: Mail, now: Instant) -> Result<(), Full> {
        if self.waiting.len() >= self.most_waiting {
            return Err(Full(mail.purpose()));
        }
        self.waiting.push_back((mail, now));
        Ok(())
    }

    /// The next mail to send, if one more may be on its way. Mails that have become worthless are
    /// left out.
    fn next(&mut self, now: Instant) -> Option<Mail> {
        while self.under_way < self.at_once {
            let (mail, since) = self.waiting.pop_front()?;
            if now.duration_since(since) < mail.good_for() {
                self.under_way += 1;
                return Some(mail);
            }
            let purpose = mail.purpose();
            tracing::error!(purpose, "mail dropped: it waited until it was worthless");
        }
        None
    }

    fn is_idle(&self) -> bool {
        self.under_way == 0 && self.waiting.is_empty()
    }
}

impl Mailer {
    /// A mailer that hands mails to the post.
    pub fn new(post: Post, settings: &config::Mail) -> Self {
        Self {
            post,
            desk: Desk {
                waiting: VecDeque::new(),
                under_way: 0,
                most_waiting: settings.queue,
                at_once: settings.at_once,
            },
            finished: Vec::new(),
        }
    }

    /// Starts what may start. A task of its own carries each mail, so that a panic in it is no more
    /// than a mail that was lost.
    fn work(&mut self, ctx: &mut Context<Self>) {
        while let Some(mail) = self.desk.next(Instant::now()) {
            let task = actix::spawn(carry(self.post.clone(), mail));
            let ended = async move { task.await.is_ok() }
                .into_actor(self)
                .map(|_, mailer, ctx| {
                    mailer.desk.under_way -= 1;
                    mailer.work(ctx);
                });
            ctx.spawn(ended);
        }
        if self.desk.is_idle() {
            for waiting in self.finished.drain(..) {
                waiting.send(()).ok();
            }
        }
    }
}

async fn carry(post: Post, mail: Mail) {
    let id = format!("mail_{}", Ulid::new());
    if let Err(error) = post.deliver(&mail, &id).await {
        let purpose = mail.purpose();
        tracing::error!(mail = id, purpose, %error, "mail not delivered");
    }
}

impl Actor for Mailer {
    type Context = Context<Self>;
}

impl Handler<Send> for Mailer {
    type Result = ();

    fn handle(&mut self, Send(mail): Send, ctx: &mut Context<Self>) {
        if let Err(error) = self.desk.take(mail, Instant::now()) {
            tracing::error!(%error, "mail dropped");
        }
        self.work(ctx);
    }
}

impl Handler<Finish> for Mailer {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Finish, ctx: &mut Context<Self>) -> Self::Result {
        let (done, finished) = oneshot::channel();
        self.finished.push(done);
        self.work(ctx);
        Box::pin(async move {
            finished.await.ok();
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ids::SignInCode;

    fn mail() -> Mail {
        let to = "ada@example.com".parse().unwrap();
        Mail::sign_in_code(to, &SignInCode::generate(), "http://localhost")
    }

    fn desk() -> Desk {
        Desk {
            waiting: VecDeque::new(),
            under_way: 0,
            most_waiting: 3,
            at_once: 2,
        }
    }

    #[test]
    fn mails_beyond_the_bound_are_dropped() {
        let (mut desk, now) = (desk(), Instant::now());
        for _ in 0..3 {
            assert!(desk.take(mail(), now).is_ok());
        }
        assert!(desk.take(mail(), now).is_err());
    }

    #[test]
    fn only_so_many_are_on_their_way_at_one_time() {
        let (mut desk, now) = (desk(), Instant::now());
        for _ in 0..3 {
            desk.take(mail(), now).ok();
        }
        assert!(desk.next(now).is_some() && desk.next(now).is_some());
        assert!(desk.next(now).is_none() && !desk.is_idle());
        desk.under_way -= 1;
        assert!(desk.next(now).is_some());
        desk.under_way = 0;
        assert!(desk.is_idle());
    }

    #[test]
    fn a_code_that_is_over_is_not_mailed() {
        let (mut desk, now) = (desk(), Instant::now());
        desk.take(mail(), now).ok();
        assert!(desk.next(now + Duration::from_secs(600)).is_none());
        assert!(desk.is_idle());
    }
}
