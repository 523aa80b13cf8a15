//! `frontdoor audit verify`

use super::{Ended, Result, say};
use crate::app;
use crate::audit::{ChainName, GENESIS};
use crate::config::settings::Settings;
use crate::store::Store;
use crate::store::keys::KeyRing;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How many links are read at a time.
const PAGE: usize = 2_000;

/// The event chains.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: frontdoor audit verify --checkpoint heads.json")]
pub(super) enum Audit {
    /// Verify every chain; names the first break, and a cut tail.
    Verify {
        /// Heads noted earlier: a chain that no longer reaches its head was cut. Written anew
        /// when all is well.
        #[arg(long)]
        checkpoint: Option<PathBuf>,
    },
}

/// The head of one chain, as noted in a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    chain: ChainName,
    number: i64,
    mac: String,
}

impl Audit {
    pub(super) async fn run(self, settings: Settings) -> Result {
        let Audit::Verify { checkpoint } = self;
        let store = app::open_store(&settings).await?;
        let ring = app::open_keys(&settings, store.as_ref()).await?;
        let noted: Vec<Head> = match &checkpoint {
            Some(path) if path.exists() => serde_json::from_slice(&std::fs::read(path)?)?,
            _ => Vec::new(),
        };
        match verify(store.as_ref(), &ring, &noted).await? {
            Ok(heads) => {
                for head in &heads {
                    say(format!("{}: {} links hold", head.chain.as_str(), head.number));
                }
                if let Some(path) = checkpoint {
                    std::fs::write(path, serde_json::to_vec_pretty(&heads)?)?;
                }
                Ok(())
            }
            Err(broken) => {
                say(broken);
                Err(Ended::Findings)
            }
        }
    }
}

/// Verifies every chain against its links and the heads noted earlier.
pub(crate) async fn verify(
    store: &dyn Store,
    ring: &KeyRing,
    noted: &[Head],
) -> anyhow::Result<std::result::Result<Vec<Head>, String>> {
    let mut heads = Vec::new();
    for chain in ChainName::ALL {
        let mut head = (0, GENESIS.to_vec());
        let mark = noted.iter().find(|mark| mark.chain == chain);
        loop {
            let links = store.chain(chain, head.0, PAGE).await?;
            if links.is_empty() {
                break;
            }
            for link in &links {
                head = match ring.chains().verify(chain, head, std::slice::from_ref(link)) {
                    Ok(head) => head,
                    Err(broken) => return Ok(Err(broken.to_string())),
                };
                let here = mark.filter(|mark| mark.number == head.0);
                if here.is_some_and(|mark| mark.mac != hex(&head.1)) {
                    let name = chain.as_str();
                    return Ok(Err(format!("chain {name} was rewritten up to link {}", head.0)));
                }
            }
        }
        if let Some(mark) = mark.filter(|mark| mark.number > head.0) {
            let (name, had, has) = (chain.as_str(), mark.number, head.0);
            return Ok(Err(format!("chain {name} was cut: it had {had} links and has {has}")));
        }
        heads.push(Head { chain, number: head.0, mac: hex(&head.1) });
    }
    Ok(Ok(heads))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
