//! Mail through a mail server that misbehaves at first: tried again, given up, never waited for.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use model_router::config::SmtpUrl;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::mailbox::{code_in, request, verify};
use super::router::Router;

/// A mail server whose answer to `MAIL FROM` is scripted, one entry a connection; after the last it
/// accepts.
async fn server(answers: &'static [&'static str]) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, received) = mpsc::channel(8);
    actix_web::rt::spawn(async move {
        for connection in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            let answer = answers.get(connection).copied().unwrap_or("250 ok");
            let mail = serve(stream, answer).await;
            if sender.send(mail.unwrap_or_default()).await.is_err() {
                return;
            }
        }
    });
    (address, received)
}

/// One connection, command by command; the mail, when one came through.
async fn serve(stream: TcpStream, to_sender: &str) -> Option<String> {
    let mut stream = BufReader::new(stream);
    let mut mail = None;
    let mut reply = "220 test".to_owned();
    loop {
        reply.push_str("\r\n");
        stream.get_mut().write_all(reply.as_bytes()).await.ok()?;
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return mail;
        }
        reply = match line.get(..4).unwrap_or_default() {
            "MAIL" => to_sender.to_owned(),
            "DATA" => {
                let go_on = stream.get_mut().write_all(b"354 go on\r\n");
                go_on.await.ok()?;
                mail = Some(read_mail(&mut stream).await?);
                "250 ok".to_owned()
            }
            _ => "250 ok".to_owned(),
        };
    }
}

async fn read_mail(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut mail = String::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        if line == ".\r\n" {
            return Some(mail);
        }
        mail.push_str(&line);
    }
}

async fn router(address: SocketAddr) -> Router {
    Router::with("", |settings| {
        settings.mail.server = Some(SmtpUrl::parse(&format!("smtp://{address}")).unwrap());
    })
    .await
}

#[actix_web::test]
async fn a_mail_that_was_put_off_is_sent_again_and_signs_in() {
    let (address, mut received) = server(&["451 later"]).await;
    let router = router(address).await;
    let flow = request(&router.client, &router.url, "ada@example.com").await;
    assert_eq!(received.recv().await.unwrap(), "");
    let mail = received.recv().await.unwrap();
    assert!(mail.contains("To: ada@example.com\r\n"), "{mail}");
    let code = code_in(&mail);
    let entered = verify(&router.client, &router.url, "ada@example.com", &code, &flow).await;
    assert_eq!(entered.status(), 200);
}

#[actix_web::test]
async fn a_refused_mail_is_given_up_and_the_next_one_goes_out() {
    let (address, mut received) = server(&["550 no"]).await;
    let router = router(address).await;
    request(&router.client, &router.url, "ada@example.com").await;
    assert_eq!(received.recv().await.unwrap(), "");
    request(&router.client, &router.url, "bob@example.com").await;
    let mail = received.recv().await.unwrap();
    assert!(mail.contains("To: bob@example.com\r\n"), "{mail}");
}

#[actix_web::test]
async fn nobody_waits_for_a_mail_server_that_does_not_answer() {
    // It accepts connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let router = router(silent.local_addr().unwrap()).await;
    let started = Instant::now();
    for i in 0..10 {
        request(&router.client, &router.url, &format!("ada{i}@example.com")).await;
    }
    assert!(started.elapsed() < Duration::from_secs(5));
}
