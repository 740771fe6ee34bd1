//! Purpose: what an operator writes is understood, and no secret is shown. How messages are sent is tested against a real
//! server in `tests/e2e/bus.rs`.

use super::*;

#[test]
fn addresses_are_read_and_shown_with_their_ports() {
    for (text, shown) in [
        ("nats://127.0.0.1:4333", "127.0.0.1:4333"),
        ("nats.example", "nats.example:4222"),
        (
            "tls://a.example, b.example:5222",
            "a.example:4222, b.example:5222",
        ),
        ("nats://[::1]:4222/", "::1:4222"),
    ] {
        assert_eq!(Servers::parse(text).unwrap().to_string(), shown);
    }
    assert!(Servers::parse("tls://a.example").unwrap().addresses()[0].tls_required());
}

#[test]
fn an_address_that_makes_no_sense_or_holds_a_password_is_refused_without_repeating_it() {
    for text in [
        "",
        "nats://",
        "https://nats.example",
        "ws://nats.example",
        "nats://a,,nats://b",
        "nats://nats.example/jetstream",
        "nats://nats.example:port",
        "nats://em:hunter2@nats.example",
        "hunter2@nats.example",
    ] {
        let said = Servers::parse(text).unwrap_err();
        assert!(!said.contains("hunter2"), "{said}");
        assert_eq!(
            said.contains("NATS_TOKEN"),
            text.contains("hunter2"),
            "{text}: {said}"
        );
    }
}

#[test]
fn credentials_are_told_apart_and_never_print() {
    let token = Credentials::of_token(&SecretString::from("hunter2"));
    assert!(matches!(token, Credentials::Token(_)), "{token:?}");
    let password = Credentials::of_token(&SecretString::from("em:hunter2:and more"));
    let Credentials::Password { user, password: kept } = &password else {
        panic!("{password:?}")
    };
    assert_eq!((user.as_str(), kept.expose_secret()), ("em", "hunter2:and more"));
    for shown in [format!("{token:?}"), format!("{password:?}")] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn a_credentials_file_is_checked_before_it_is_used() {
    assert!(Credentials::of_file(&SecretString::from("hunter2")).is_none());
    // The example of the client's documentation.
    let file = "-----BEGIN NATS USER JWT-----\neyJ0eXAiOiJqd3QiLCJhbGciOiJlZDI1NTE5\n------END NATS USER JWT------\n\n\
        -----BEGIN USER NKEY SEED-----\nSUAIO3FHUX5PNV2LQIIP7TZ3N4L7TX3W53MQGEIVYFIGA635OZCKEYHFLM\n\
        ------END USER NKEY SEED------\n";
    let credentials = Credentials::of_file(&SecretString::from(file)).expect("it is one");
    assert!(credentials.options().is_some());
    assert!(!format!("{credentials:?}").contains("SUAIO3"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let config = NatsConfig {
        servers: Servers::parse(&format!("nats://{address}")).unwrap(),
        credentials: None,
        stream: None,
        keep: Duration::from_hours(1),
    };
    let error = Nats::connect(&config).await.unwrap_err();
    assert!(
        matches!(&error, NatsError::Unreachable { servers, .. } if *servers == address.to_string()),
        "{error:?}"
    );
    assert!(error.advice().contains("bus.nats_url"));
}
