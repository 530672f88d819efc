//! What a backend's answer is taken for.

use super::*;

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status,
        headers: HeaderMap::new(),
        body: body.as_bytes().to_vec(),
        trailers: None,
    }
}

fn read(reply: &Reply, protocol: Protocol) -> Result<Delivered, Failure> {
    let headers = Headers::new([("authorization", "Bearer hunter2hunter2")]).unwrap();
    reply.read(protocol, Signal::Traces, &headers, SystemTime::UNIX_EPOCH)
}

#[test]
fn statuses_say_whether_another_attempt_may_help() {
    for (status, again) in [
        (429, Again::Later(Some(Duration::from_secs(7)))),
        (503, Again::Later(Some(Duration::from_secs(7)))),
        (400, Again::Never),
        (401, Again::Never),
        (307, Again::Never),
        (500, Again::Never),
    ] {
        let mut reply = reply(status, "no");
        reply.headers.insert(RETRY_AFTER, "7".parse().unwrap());
        let failure = read(&reply, Protocol::HttpProtobuf).unwrap_err();
        assert_eq!((failure.again, failure.status), (again, Some(status)));
    }
    let mut far = reply(503, "");
    far.headers.insert(RETRY_AFTER, "999999".parse().unwrap());
    let failure = read(&far, Protocol::HttpProtobuf).unwrap_err();
    assert_eq!(failure.again, Again::Later(Some(LONGEST_WAIT)));
}

#[test]
fn a_backends_words_are_bounded_and_without_our_secrets() {
    let body = format!("<b>bad key hunter2hunter2</b>{}", "x".repeat(10_000));
    let failure = read(&reply(401, &body), Protocol::HttpJson).unwrap_err();
    assert!(failure.message.contains("bad key [redacted]"), "{failure}");
    assert!(failure.message.len() < 700 && !failure.message.contains("<b>"));
    let status = RpcStatus {
        message: "quota is used up".to_owned(),
    };
    let mut refused = reply(400, "");
    refused.body = status.encode_to_vec();
    refused
        .headers
        .insert(CONTENT_TYPE, "application/x-protobuf".parse().unwrap());
    let failure = read(&refused, Protocol::HttpProtobuf).unwrap_err();
    assert!(failure.message.contains("quota is used up"), "{failure}");
}

#[test]
fn what_was_rejected_in_part_is_counted() {
    let body = r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#;
    let delivered = read(&reply(200, body), Protocol::HttpJson).unwrap();
    assert_eq!(
        (delivered.rejected, delivered.message.as_str()),
        (3, "too old")
    );
    let delivered = read(&reply(200, "ok"), Protocol::HttpProtobuf).unwrap();
    assert_eq!(delivered.rejected, 0);
}

#[test]
fn a_server_that_speaks_no_grpc_is_no_success() {
    let failure = read(&reply(200, "<html>"), Protocol::Grpc).unwrap_err();
    assert_eq!(failure.again, Again::Never);
    let mut unavailable = reply(200, "");
    unavailable
        .headers
        .insert("grpc-status", "14".parse().unwrap());
    let failure = read(&unavailable, Protocol::Grpc).unwrap_err();
    assert_eq!(failure.again, Again::Later(None));
}
