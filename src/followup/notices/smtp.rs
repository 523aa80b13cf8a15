//! Notices by e-mail. The only file that knows the library which speaks SMTP.

use super::{Channel, Fault, Letter};
use crate::domain::Address;
use async_trait::async_trait;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::time::{Duration, SystemTime};
use tokio::time::timeout;

/// Longest wait for a server, from connecting to its last answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// A mail server that takes what it is given on.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
}

impl Smtp {
    /// `url` is `smtps://…`, or `smtp://…`, which begins in clear and must go on under TLS unless
    /// `in_clear`. `None` where it cannot be read; it is not repeated, as it holds a password.
    pub fn open(url: &str, in_clear: bool, from: Address) -> Option<Smtp> {
        let begins_in_clear = url.starts_with("smtp://");
        let demand = if begins_in_clear && !in_clear { "?tls=required" } else { "" };
        let name = ClientId::Domain(from.domain().to_owned());
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&format!("{url}{demand}"));
        let transport = transport.ok()?.hello_name(name).timeout(Some(PATIENCE)).build();
        Some(Smtp { transport, from })
    }

    fn message(&self, letter: &Letter) -> Option<Message> {
        let mailbox = |address: &Address| Some(Mailbox::new(None, address.as_str().parse().ok()?));
        let since_1970 = Duration::from_micros(u64::try_from(letter.at.0).unwrap_or_default());
        let mut message = Message::builder()
            .from(mailbox(&self.from)?)
            .to(mailbox(&letter.to)?)
            .subject(letter.subject())
            .date(SystemTime::UNIX_EPOCH + since_1970)
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.domain())))
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text())
            .ok()?;
        // Out-of-office notes and other machines do not answer it (RFC 3834).
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
        Some(message)
    }
}

#[async_trait]
impl Channel for Smtp {
    async fn send(&self, letter: &Letter) -> Result<(), Fault> {
        let message = self.message(letter).ok_or(Fault::NoContact)?;
        match timeout(PATIENCE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_permanent() || error.is_transient() => Err(Fault::Refused),
            Ok(Err(error)) if error.is_timeout() => Err(Fault::Timeout),
            Ok(Err(_)) => Err(Fault::Unreachable),
            Err(_) => Err(Fault::Timeout),
        }
    }
}
