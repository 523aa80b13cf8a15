//! A SQLite file and its neighbours: one gateway, commands beside it, and no other account.

use super::homes::Home;
use super::rows::*;
use crate::harness;
use frontdoor::audit::{ChainName, Event, GENESIS};
use frontdoor::store::*;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

#[tokio::test]
async fn a_second_gateway_is_kept_from_the_sqlite_file_and_a_command_is_not() {
    let home = Home::sqlite().await;
    let first = open_alone(&home.url).await.expect("opens");
    let error = open_alone(&home.url).await.err().expect("is refused");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(error.to_string().contains("another process"), "{error}");
    open(&home.url).await.expect("a command opens it");
    drop(first);
    open_alone(&home.url).await.expect("opens");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_sqlite_file_write_one_chain_and_one_sequence() {
    let home = Home::sqlite().await;
    let stores = [home.store().await, home.store().await];
    let writers = (0..6usize).map(|writer| {
        let store = stores[writer % 2].clone();
        tokio::spawn(async move {
            for n in 0..25 {
                let child = person(&[i64::try_from(writer).expect("small") * 100 + n]);
                let event = Event::new("people.imported", "frontdoor");
                match writer {
                    0 | 1 => {
                        write(store.as_ref(), &Batch { persons: vec![child], ..batch() }).await
                    }
                    2 | 3 => store.import(&[child], event, at(n)).await.expect("imports"),
                    _ => {
                        store.record(ChainName::Import, vec![event], at(n)).await.expect("records")
                    }
                }
            }
        })
    });
    for writer in futures::future::join_all(writers).await {
        writer.expect("ends");
    }
    assert_eq!(ahead(stores[0].as_ref(), &[]).await.0, 100);
    assert_eq!(stores[1].count_people().await.expect("counts"), 100);
    for (chain, length) in [(ChainName::Intake, 50), (ChainName::Import, 100)] {
        let links = stores[1].chain(chain, 0, 999).await.expect("reads");
        let ring = super::homes::ring();
        let head = ring.chains().verify(chain, (0, GENESIS.to_vec()), &links);
        assert_eq!(head.expect("holds").0, length);
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().expect("there").permissions().mode() & 0o777
}

#[tokio::test]
async fn the_files_of_a_sqlite_store_are_for_its_account_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let database = data.join("frontdoor.db");
    let url = format!("sqlite:{}", database.display());
    let store = open_alone(&url).await.expect("opens");
    store.migrate().await.expect("migrates");
    let files = || ["", "-wal", "-shm", ".lock"].map(|end| data.join(format!("frontdoor.db{end}")));
    assert_eq!(mode(&data), 0o700);
    for file in files() {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    // What an earlier program left open is closed.
    for file in files() {
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).expect("sets");
    }
    drop(store);
    let store = open_alone(&url).await.expect("opens");
    store.check_schema().await.expect("is the schema");
    for file in files().into_iter().filter(|file| file.exists()) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_people_and_chains_are_managed_beside_a_running_gateway_on_sqlite() {
    let mut home = harness::Home::sqlite().await;
    home.env.push(("FRONTDOOR__HTTP__RATE_LIMITS".to_owned(), "false".to_owned()));
    let gateway = home.start().await;
    let key = home.key("--agency", "school-ridgeway").await;
    let client = harness::http::client();
    let post = async |n: u32| {
        let body = harness::http::referral(n);
        harness::http::post_referral(&client, &gateway.url, &key, None, &body)
            .await
            .expect("answers")
    };
    // The gateway reads its keys again every two seconds.
    let until = async |expected: u16| {
        for n in 0..100 {
            if post(n).await.0 == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("ten seconds later the gateway does not answer {expected}");
    };
    until(201).await;
    let (sending, commands) = tokio::join!(
        async {
            for n in 200..260 {
                assert_eq!(post(n).await.0, 201);
            }
        },
        async {
            let file = home.dir.path().join("people.csv");
            let rows: String = (0..1500).map(|n| format!("R{n},Test,2016-03-09\n")).collect();
            std::fs::write(&file, format!("record_id,surname,dob\n{rows}")).expect("writes");
            home.run(&["people", "import", file.to_str().expect("a name")]).await;
            home.run(&["audit", "verify"]).await;
            home.run(&["keys", "list"]).await
        }
    );
    let () = sending;
    assert!(commands.contains("school-ridgeway"));
    // A schema is not changed under a gateway.
    let (code, out) = home.try_run(&["migrate"]).await;
    assert!(code != 0 && out.contains("another process"), "{out}");
    let id = commands.lines().find(|line| line.contains("school-ridgeway"));
    let id = id.and_then(|line| line.split_whitespace().next()).expect("a key's public part");
    home.run(&["keys", "revoke", id]).await;
    until(401).await;
    assert_eq!(gateway.stop().await, Some(0));
    home.run(&["audit", "verify"]).await;
}
