//! Starts the tasks that tell people what waits.

use super::STORE_LIMIT;
use crate::config::settings;
use crate::domain::time::Env;
use crate::domain::{Address, Directory};
use crate::followup::notices::{Alerts, Channel, NoChannel, Notices, Smtp};
use crate::store::Store;
use crate::store::patient::Patient;
use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The task that alerts, and the one that sends what people are to be told.
pub(super) fn start(
    settings: &settings::Notices,
    store: &Arc<dyn Store>,
    env: &Arc<dyn Env>,
    directory: &Arc<ArcSwap<Directory>>,
    stopped: &watch::Receiver<bool>,
) -> Result<[JoinHandle<()>; 2]> {
    let store = Arc::new(Patient::new(store.clone(), STORE_LIMIT));
    let (directory, env) = (directory.clone(), env.clone());
    let alerts = Alerts { store: store.clone(), directory: directory.clone(), env: env.clone() };
    let sign_in = settings.sign_in.clone().unwrap_or_default();
    let notices = Notices { store, channel: channel(settings)?, directory, env, sign_in };
    Ok([tokio::spawn(alerts.run(stopped.clone())), tokio::spawn(notices.run(stopped.clone()))])
}

fn channel(settings: &settings::Notices) -> Result<Arc<dyn Channel>> {
    let Some(settings::Secret(url)) = &settings.smtp else {
        tracing::warn!(
            code = "no-channel",
            "no mail server is configured for notices: nobody is told by e-mail of what is \
             immediate. Set notices.smtp, notices.from and notices.sign_in"
        );
        return Ok(Arc::new(NoChannel));
    };
    let from = settings.from.as_deref().and_then(Address::parse);
    let from = from.context("notices.from is an e-mail address")?;
    let smtp = Smtp::open(url, settings.speaks_in_clear(), from);
    let smtp = smtp.context(
        "notices.smtp cannot be read: write smtps://USER:PASSWORD@HOST:465 or smtp://HOST:25, and \
         what is special in a password as %21 and so on",
    )?;
    Ok(Arc::new(smtp))
}
