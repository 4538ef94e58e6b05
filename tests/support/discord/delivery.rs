//! Delivery of interactions to the bot: over a fake gateway, or posted with a signature.
//! <https://docs.discord.com/developers/interactions/overview#preparing-for-interactions>

use std::{net::SocketAddr, sync::Arc};

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    FakeDiscord,
    request::UserRequest,
    server::Shared,
    world::{Id, World},
};
pub use crate::support::fake::Forgery;

/// The way to the bot.
#[derive(Clone)]
pub enum Delivery {
    /// Takes the `d` of an `INTERACTION_CREATE`.
    Gateway(Arc<dyn Fn(Value) + Send + Sync>),
    /// Posts to the address of the bot.
    Http(SocketAddr),
    /// Posts each interaction to two replicas.
    Twice([SocketAddr; 2]),
}

impl FakeDiscord {
    /// From now on interactions go this way.
    pub fn deliver_by(&self, delivery: Delivery) {
        *self.delivery.lock().expect("delivery") = Some(delivery);
    }

    /// Delivers by [`Delivery::Gateway`].
    pub fn deliver_to(&self, gateway: impl Fn(Value) + Send + Sync + 'static) {
        self.deliver_by(Delivery::Gateway(Arc::new(gateway)));
    }

    /// Hands an interaction to the bot. What is posted must be taken with 202 and no body.
    pub(super) fn deliver(&self, id: Id, payload: Value) {
        let delivery = self.delivery.lock().expect("delivery").clone();
        match delivery.expect("nobody listens: the test gave no way to the bot") {
            Delivery::Gateway(gateway) => gateway(payload),
            Delivery::Http(address) => self.post(id, payload, address),
            Delivery::Twice([one, other]) => {
                self.post(id, payload.clone(), one);
                self.post(id, payload, other);
            }
        }
    }

    fn post(&self, id: Id, payload: Value, address: SocketAddr) {
        let shared = Arc::clone(&self.shared);
        self.shared.spawn(async move {
            let answer = shared.posts(address, &payload, Forgery::None).await;
            shared.with(|world| world.taken(id, &answer));
        });
    }

    /// Waits until an interaction was posted and answered.
    pub async fn wait_until_taken(&self, request: &UserRequest) {
        let taken = |world: &World| world.interaction(request.id)?.taken.then_some(());
        self.shared.wait_for(taken, "an answer to what was posted").await;
    }

    /// The bot's answer to a PING: status and body.
    pub async fn ping(&self) -> (u16, String) {
        self.post_forged(
            &json!({ "id": "1", "application_id": "1001", "type": 1, "version": 1 }),
            Forgery::None,
        )
        .await
    }

    /// Posts anything, signed or not. Returns status and body of the response.
    ///
    /// # Panics
    /// If interactions are not posted.
    pub async fn post_forged(&self, payload: &Value, forgery: Forgery) -> (u16, String) {
        let delivery = self.delivery.lock().expect("delivery").clone();
        let Some(Delivery::Http(address)) = delivery else { panic!("interactions are not posted here") };
        self.shared.posts(address, payload, forgery).await
    }
}

impl Shared {
    async fn posts(&self, address: SocketAddr, payload: &Value, forgery: Forgery) -> (u16, String) {
        let body = payload.to_string();
        let headers = self.read(|world| world.signed(&body, forgery));
        let request = format!(
            "POST /discord/interactions HTTP/1.1\r\nHost: {address}\r\nUser-Agent: Discord-Interactions/1.0 \
             (+https://discord.com)\r\nContent-Type: application/json\r\nConnection: close\r\n{headers}Content-Length: \
             {}\r\n\r\n{body}",
            body.len()
        );
        let mut answer = String::new();
        let exchange = async {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(request.as_bytes()).await?;
            stream.read_to_string(&mut answer).await
        };
        match exchange.await {
            Ok(_) => parsed(&answer),
            Err(error) => (0, error.to_string()),
        }
    }
}

/// Returns status and body; the status is 0 where there is none.
fn parsed(answer: &str) -> (u16, String) {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return (0, answer.to_owned()) };
    (head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), body.to_owned())
}

impl World {
    fn taken(&mut self, id: Id, answer: &(u16, String)) {
        self.interaction_mut(id).expect("known").taken = true;
        if *answer != (202, String::new()) {
            self.violations.push(format!("a posted interaction got {answer:?}"));
        }
    }

    /// The public key of what is posted, as the application's page shows it.
    pub fn public_key(&self) -> String {
        hex(SigningKey::from_bytes(&self.signing_key).verifying_key().as_bytes())
    }

    fn signed(&self, body: &str, forgery: Forgery) -> String {
        let now = jiff::Timestamp::now().as_second();
        let timestamp = match forgery {
            Forgery::Age(seconds) => now - seconds,
            _ => now,
        };
        let other = forgery == Forgery::OtherKey;
        let key = SigningKey::from_bytes(if other { &[8; 32] } else { &self.signing_key });
        let what = if forgery == Forgery::OtherBody { "{}" } else { body };
        let signature = hex(&key.sign(format!("{timestamp}{what}").as_bytes()).to_bytes());
        let timestamp = timestamp + i64::from(forgery == Forgery::OtherTimestamp);
        match forgery {
            Forgery::Unsigned => String::new(),
            Forgery::Garbage => format!("X-Signature-Ed25519: zz\r\nX-Signature-Timestamp: {timestamp}\r\n"),
            _ => format!("X-Signature-Ed25519: {signature}\r\nX-Signature-Timestamp: {timestamp}\r\n"),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("text");
        text
    })
}
