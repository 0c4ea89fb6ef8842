//! A broker of the tests' own, as small as one can be: for what a real one
//! does not do on demand.

use std::sync::Mutex;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// What the broker speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    /// MQTT 3.1.1 alone; it says so to those who speak 5.
    OnlyOld,
    /// MQTT 3.1.1 alone; it hangs up on those who speak 5.
    OnlyOldInSilence,
    /// MQTT 3.1.1 alone; it waits for more from those who speak 5.
    OnlyOldAndPatient,
    /// Something that is no MQTT.
    Nonsense,
}

/// Versions in which the broker was spoken to, in order.
type Heard = Arc<Mutex<Vec<u8>>>;

/// Starts a broker; gives its address.
async fn start(speaks: Speaks) -> String {
    start_listening(speaks).await.0
}

/// Starts a broker; gives its address, and what it hears.
async fn start_listening(speaks: Speaks) -> (String, Heard) {
    let heard = Heard::default();
    let into = Arc::clone(&heard);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, speaks, Arc::clone(&into)));
        }
    });
    (format!("mqtt://127.0.0.1:{port}"), heard)
}

/// One connection, until the other side ends it.
async fn serve(mut stream: TcpStream, speaks: Speaks, heard: Heard) -> std::io::Result<()> {
    loop {
        let head = stream.read_u8().await?;
        let mut len = usize::from(stream.read_u8().await?);
        if len >= 128 {
            len = (len & 127) | usize::from(stream.read_u8().await?) << 7;
        }
        let mut body = vec![0; len];
        stream.read_exact(&mut body).await?;
        if head >> 4 == 1 {
            heard.lock().unwrap().push(body[6]);
        }
        let answer: Vec<u8> = match head >> 4 {
            // CONNECT: the protocol's level stands behind its name.
            1 => match (speaks, body[6]) {
                (Speaks::Nonsense, _) => {
                    return stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
                }
                (Speaks::OnlyOldInSilence, 5) => return Ok(()),
                (Speaks::OnlyOldAndPatient, 5) => continue,
                // Who refuses hangs up, says MQTT 3.1.1 in section 3.2.2.3.
                (Speaks::OnlyOld, 5) => return stream.write_all(&[0x20, 2, 0, 1]).await,
                _ => vec![0x20, 2, 0, 0],
            },
            // PUBLISH at QoS 1: its number stands behind the topic.
            3 => {
                let at = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
                vec![0x40, 2, body[at], body[at + 1]]
            }
            8 => vec![0x90, 3, body[0], body[1], 1],
            _ => continue,
        };
        stream.write_all(&answer).await?;
    }
}

fn broker(address: &str) -> Broker {
    Broker::new(BrokerConfig {
        address: address.to_owned(),
        client_id: "airelaytest1".to_owned(),
        ..BrokerConfig::default()
    })
    .unwrap()
}

#[tokio::test]
async fn broker_of_the_old_version_only_is_spoken_to_in_that() {
    for speaks in [
        Speaks::OnlyOld,
        Speaks::OnlyOldInSilence,
        Speaks::OnlyOldAndPatient,
    ] {
        let steps = broker(&start(speaks).await).walk("a/test", "{}").await;
        let verdicts: Vec<(Step, Verdict)> =
            steps.iter().map(|step| (step.step, step.verdict)).collect();
        let expected = [
            (Step::Connect, Verdict::Passed),
            (Step::SignIn, Verdict::Passed),
            (Step::Publish, Verdict::Passed),
            // It forgets what it is told, without a word.
            (Step::ReadBack, Verdict::Unsure),
        ];
        assert_eq!(verdicts, expected, "{speaks:?}: {steps:?}");
        assert!(steps[1].text.contains("MQTT 3.1.1"), "{}", steps[1].text);
        assert!(
            steps[3].text.contains("without a word"),
            "{}",
            steps[3].text
        );
    }
}

#[tokio::test]
async fn broker_that_was_silent_is_spoken_to_in_the_old_version_at_once() {
    let (address, heard) = start_listening(Speaks::OnlyOldAndPatient).await;
    let broker = broker(&address);
    for _ in 0..2 {
        let (session, _driver) = broker.connect().await.unwrap();
        assert_eq!(session.version(), "3.1.1");
    }
    assert_eq!(*heard.lock().unwrap(), [5, 4, 4]);
}

#[tokio::test]
async fn server_of_another_kind_is_told_as_such() {
    let steps = broker(&start(Speaks::Nonsense).await)
        .walk("a/test", "{}")
        .await;
    let last = steps.last().unwrap();
    assert_eq!((last.step, last.verdict), (Step::SignIn, Verdict::Failed));
    assert!(last.text.contains("no MQTT"), "{}", last.text);
}

#[tokio::test]
async fn what_mqtt_cannot_carry_is_refused_before_it_is_sent() {
    let (session, mut driver) = broker(&start(Speaks::OnlyOld).await)
        .connect()
        .await
        .unwrap();
    let publication = |topic: &str, len_bytes: usize| Publication {
        topic: topic.to_owned(),
        payload: vec![b'x'; len_bytes].into(),
        is_retained: false,
        qos: Qos::AtLeastOnce,
    };
    let talk = async {
        for topic in ["", "a/#", "a/+/b", "a\0"] {
            let error = session.publish(&publication(topic, 1)).await.unwrap_err();
            assert!(matches!(error, PublishError::NoTopic { .. }), "{error}");
        }
        let error = session
            .publish(&publication("a", MAX_PAYLOAD_BYTES + 1))
            .await;
        let error = error.unwrap_err();
        assert!(matches!(error, PublishError::TooLarge { .. }), "{error}");
        assert_eq!(error.reaction(), crate::Reaction::Refused);
        session.publish(&publication("a", 2)).await.unwrap();
    };
    tokio::select! {
        () = talk => {}
        error = driver.run(|_, _| {}) => panic!("{error}"),
    }
    // Whoever waits for a connection that is gone hears so at once.
    drop(driver);
    let error = session.publish(&publication("a", 2)).await.unwrap_err();
    assert!(matches!(error, PublishError::Lost { .. }), "{error}");
}

#[test]
fn settings_that_contradict_themselves_name_their_field() {
    let refused = |config: BrokerConfig| Broker::new(config).unwrap_err().field;
    let config = || BrokerConfig {
        address: "mqtt://b".to_owned(),
        client_id: "c".to_owned(),
        ..BrokerConfig::default()
    };
    let password = BrokerConfig {
        password: Some("pw".to_owned()),
        ..config()
    };
    assert!(!format!("{password:?}").contains("pw"));
    assert_eq!(refused(password), "user");
    let nobody = BrokerConfig {
        client_id: String::new(),
        ..config()
    };
    assert_eq!(refused(nobody), "client_id");
}
