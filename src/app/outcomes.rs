//! Outcomes that come over AMQP: whose they are RabbitMQ vouches for, and which team that is the
//! authority's `destinations.toml` says.

use crate::adapter::json;
use crate::api::ApiState;
use crate::broker::RabbitMq;
use crate::broker::rabbitmq::read_outcomes;
use crate::broker::traits::{Inbound, OutcomeSink};
use crate::domain::{Directory, Reference};
use crate::pipeline::{Desk, Followed, Recording};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

struct Outcomes {
    desk: Arc<dyn Desk>,
    directory: Arc<ArcSwap<Directory>>,
}

/// Reads them where there is such a broker.
pub(super) fn start(
    broker: Option<Arc<RabbitMq>>,
    state: &ApiState,
    directory: Arc<ArcSwap<Directory>>,
    stop: watch::Receiver<bool>,
) -> Option<JoinHandle<()>> {
    let sink = Outcomes { desk: state.desk.clone(), directory };
    Some(tokio::spawn(read_outcomes(broker?, Arc::new(sink), stop)))
}

/// The outcome itself: the message, or the `data` of a CloudEvent.
fn read(body: &[u8]) -> Option<(Reference, Map<String, Value>)> {
    let Value::Object(mut body) = json::read(body).ok()? else { return None };
    if body.contains_key("specversion")
        && let Some(Value::Object(data)) = body.remove("data")
    {
        body = data;
    }
    let reference = Reference::parse(body.get("reference")?.as_str()?)?;
    Some((reference, body))
}

#[async_trait]
impl OutcomeSink for Outcomes {
    async fn take(&self, user: Option<&str>, body: &[u8]) -> Inbound {
        let directory = self.directory.load();
        let Some(team) = user.and_then(|user| directory.amqp_users.get(user)) else {
            return Inbound::NotOurs("no destination has this broker user as its amqp_user");
        };
        let Some((reference, body)) = read(body) else {
            return Inbound::NotOurs("it is no JSON object with a reference");
        };
        let (team, of) = (team.clone(), reference);
        match self.desk.record(Recording { team, of, body, by_message: true }).await {
            Followed::Stands { .. } | Followed::Lacking(_) => Inbound::Settled,
            Followed::Unknown => Inbound::NotOurs("this team was never sent that referral"),
            Followed::Busy | Followed::Unavailable => Inbound::Later,
            Followed::Failed => Inbound::NotOurs("it cannot be recorded"),
        }
    }
}
