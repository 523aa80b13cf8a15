use super::homes::Home;
use super::on_both;
use super::rows::*;
use frontdoor::store::columns::COLUMNS;
use frontdoor::store::*;
use sqlx::{Connection, PgConnection};
use std::time::{Duration, Instant};

on_both!(
    the_list_of_columns_is_the_schema,
    migrating_twice_changes_nothing_and_two_may_migrate_at_once,
    an_older_or_newer_schema_is_refused_unless_what_is_newer_expands,
    many_rows_of_every_kind_go_into_one_batch,
);

async fn the_list_of_columns_is_the_schema(home: Home) {
    home.store().await;
    let query = if home.is_sqlite() {
        "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    } else {
        "SELECT table_name || '.' || column_name FROM information_schema.columns \
         WHERE table_schema = current_schema"
    };
    let mut there = home.texts(query).await;
    let mut listed: Vec<String> = COLUMNS
        .iter()
        .flat_map(|(table, columns)| columns.iter().map(move |(name, _)| format!("{table}.{name}")))
        .collect();
    there.sort_unstable();
    listed.sort_unstable();
    assert_eq!(there, listed);
}

async fn migrating_twice_changes_nothing_and_two_may_migrate_at_once(home: Home) {
    let first = open(&home.url).await.expect("opens");
    let second = open(&home.url).await.expect("opens");
    let (one, two) = tokio::join!(first.migrate(), second.migrate());
    let mut done = [one.expect("migrates"), two.expect("migrates")].concat();
    // Each takes what the other has not: every one is applied once.
    done.sort();
    let named = ["0001_first", "0002_matches", "0003_merges", "0004_news", "0005_adults"];
    assert_eq!(
        done,
        [
            named.as_slice(),
            &["0006_recounts", "0007_circles", "0008_notices", "0009_followup", "0010_children"],
            &["0011_history", "0012_oversight", "0013_links", "0014_again", "0015_staff"],
            &["0016_drafts", "0017_accounts", "0018_attachment", "0019_days", "0020_pauses"],
        ]
        .concat()
    );
    assert!(first.migrate().await.expect("migrates").is_empty());
    first.check_schema().await.expect("is the schema");
}

async fn an_older_or_newer_schema_is_refused_unless_what_is_newer_expands(home: Home) {
    let store = open(&home.url).await.expect("opens");
    let verdict = store.check_schema().await;
    assert!(matches!(verdict, Err(StoreError::Schema(_))), "{verdict:?}");
    let unmade = store.keys().await;
    assert!(matches!(unmade, Err(StoreError::Schema(_))), "{unmade:?}");
    store.migrate().await.expect("migrates");
    home.sql("INSERT INTO migration VALUES (900, 'expands', true)").await;
    store.check_schema().await.expect("it only adds");
    store.ping().await.expect("it only adds");
    home.sql("INSERT INTO migration VALUES (901, 'changes', false)").await;
    let verdict = store.check_schema().await;
    assert!(matches!(verdict, Err(StoreError::Schema(_))), "{verdict:?}");
    home.sql("DELETE FROM migration").await;
    assert!(store.check_schema().await.is_err());
}

async fn many_rows_of_every_kind_go_into_one_batch(home: Home) {
    let store = home.store().await;
    let referrals: Vec<ReferralRow> = (0..1300).map(|_| referral()).collect();
    let persons: Vec<PersonRow> = (0..1300).map(|n| person(&[n, n + 1, n + 2])).collect();
    let pairs = || referrals.iter().zip(&persons);
    let written = Batch {
        links: pairs().map(|(r, p)| link(r, p.id, Default::default())).collect(),
        outbox: referrals.iter().map(|r| message(r, "masstt", 1)).collect(),
        repeats: (0u32..1300)
            .zip(&referrals)
            .map(|(n, r)| {
                let mut key = token16(0);
                key[..4].copy_from_slice(&n.to_be_bytes());
                NewRepeat { key, body: key, referral: r.id, expires_at: at(9) }
            })
            .collect(),
        referrals: referrals.clone(),
        persons: persons.clone(),
        ..batch()
    };
    write(store.as_ref(), &written).await;
    let tokens: Vec<Token> = (0..1300).map(Token).collect();
    let children: Vec<&[Token]> = tokens.chunks(1).collect();
    let read = store.candidates(&children).await.expect("reads");
    assert_eq!(read.rows.len(), 1300);
    let claimed = store.claim(at(0), at(30), 5000).await.expect("claims");
    let done: Vec<_> = claimed.iter().map(|row| (row.id, row.fence)).collect();
    assert_eq!(store.confirm(&done, at(1)).await.expect("confirms").len(), 1300);
    assert_eq!(store.breach(at(9999), 5000).await.expect("marks").len(), 1300);
}

#[tokio::test]
async fn an_address_of_no_known_database_is_refused_with_what_to_write() {
    for url in ["mysql://x", "frontdoor.db", "sqlite::memory:", "postgres://host:no-port/x"] {
        let error = open(url).await.err().expect("is refused");
        assert!(matches!(error, StoreError::Unsafe(_)), "{url}: {error:?}");
        assert!(error.to_string().contains("sqlite:"), "{error}");
    }
}

#[tokio::test]
async fn sqlite_keeps_a_commit_on_disk_before_it_answers() {
    let home = Home::sqlite().await;
    home.store().await;
    assert_eq!(home.texts("PRAGMA journal_mode").await, ["wal"]);
    // An address that asks for less does not get it.
    let error = open(&format!("{}?mode=memory", home.url)).await.err().expect("is refused");
    assert!(matches!(error, StoreError::Unsafe(_)), "{error:?}");
}

#[tokio::test]
async fn a_postgres_that_does_not_wait_for_the_disk_is_refused() {
    let home = Home::postgres().await;
    for setting in ["off", "local", "remote_write"] {
        let url = format!("{}&options[synchronous_commit]={setting}", home.url);
        let error = open(&url).await.err().expect("is refused");
        assert!(matches!(error, StoreError::Unsafe(_)), "{error:?}");
        assert!(error.to_string().contains("synchronous_commit"), "{error}");
    }
}

#[tokio::test]
async fn a_postgres_that_is_not_there_is_unavailable_soon_and_its_password_is_not_told() {
    let start = Instant::now();
    let url = "postgres://frontdoor:hidden-word@127.0.0.1:1/frontdoor";
    let error = open(url).await.err().expect("nobody answers");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hidden-word"));
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_is_unavailable_and_the_next_works() {
    let home = Home::postgres().await;
    let store = home.store().await;
    let mut tx = store.begin().await.expect("begins");
    tx.write(&batch()).await.expect("writes");
    let schema = home.texts("SELECT current_schema::text").await.remove(0);
    home.sql(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE pid <> pg_backend_pid() AND state = 'idle in transaction' AND pid IN \
         (SELECT pid FROM pg_locks WHERE relation = '{schema}.audit_link'::regclass)"
    ))
    .await;
    let error = tx.commit().await.expect_err("the connection is gone");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(ahead(store.as_ref(), &[]).await.0, 0);
    write(store.as_ref(), &batch()).await;
}

#[tokio::test]
async fn two_authorities_in_one_postgres_do_not_wait_for_each_other() {
    let (one, two) = (Home::postgres().await, Home::postgres().await);
    let (first, second) = (one.store().await, two.store().await);
    let _held = first.begin().await.expect("begins");
    let other = tokio::time::timeout(Duration::from_secs(5), second.begin()).await;
    other.expect("does not wait").expect("begins");
}

#[tokio::test]
async fn a_lane_that_waited_too_long_for_its_lock_leaves_every_connection_usable() {
    let home = Home::postgres().await;
    let first = home.store().await;
    let hasty = format!("{}&options[statement_timeout]=200", home.url);
    let second = open(&hasty).await.expect("opens");
    second.set_chain_key(super::homes::ring().chains().clone());
    let held = first.begin().await.expect("begins");
    let waiting = (0..10).map(|_| second.begin());
    for refused in futures::future::join_all(waiting).await {
        let error = refused.err().expect("the lock is held");
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    // As many at once as there are connections: each is used.
    let reads = (0..10).map(|_| second.candidates(&[]));
    for read in futures::future::join_all(reads).await {
        read.expect("the connection works");
    }
    drop(held);
    write(second.as_ref(), &batch()).await;
    // And the lock is the lane's own transaction's: it is held to the end, and let go.
    let held = second.begin().await.expect("begins");
    let other = tokio::time::timeout(Duration::from_millis(100), first.begin()).await;
    assert!(other.is_err(), "the lock is not held");
    drop(held);
}

#[tokio::test]
async fn readers_do_not_take_the_lanes_connections_and_are_not_waited_for() {
    let home = Home::postgres().await;
    let store = home.store().await;
    sent(store.as_ref(), &["masstt"]).await;
    let mut blocker = PgConnection::connect(&home.url).await.expect("connects");
    sqlx::raw_sql("BEGIN; LOCK TABLE refusal").execute(&mut blocker).await.expect("locks");
    let readers = (0..30).map(|_| store.overview(at(0)));
    let readers = tokio::time::timeout(Duration::from_secs(30), futures::future::join_all(readers));
    let work = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        for _ in 0..20 {
            ahead(store.as_ref(), &[Token(1)]).await;
            store.claim(at(0), at(30), 9).await.expect("claims");
        }
    };
    let work = tokio::time::timeout(Duration::from_secs(3), work);
    let (readers, work) = tokio::join!(readers, work);
    work.expect("the lane and the relay have connections of their own");
    assert!(readers.expect("readers give up").iter().all(Result::is_err));
}

/// What the gateway does with a batch of a hundred referrals, each of a new child and a known one,
/// where others lived before.
async fn a_batch_from_end_to_end(store: &dyn Store, number: i64, known: &mut Vec<PersonRow>) {
    let referrals: Vec<ReferralRow> = (0..100).map(|_| referral()).collect();
    let persons: Vec<PersonRow> =
        (0..100).map(|n| person(&[number * 1000 + n, number * 1000 + n + 500])).collect();
    let met: Vec<PersonRow> = known.iter().rev().take(100).cloned().collect();
    let tokens: Vec<Token> = persons.iter().chain(&met).flat_map(|p| p.tokens.clone()).collect();
    let keys: Vec<Token16> = referrals.iter().map(|r| *r.id.0.as_bytes()).collect();
    let children: Vec<&[Token]> = persons.iter().chain(&met).map(|p| p.tokens.as_slice()).collect();
    let horizon = store.candidates(&children).await.expect("reads").horizon;
    let mut tx = store.begin().await.expect("begins");
    tx.candidates_since(horizon - 1, &tokens).await.expect("reads");
    tx.repeats(&keys, at(0)).await.expect("reads");
    tx.open_refusals(&keys).await.expect("reads");
    let people: Vec<_> = met.iter().map(|p| p.id).collect();
    tx.histories(&people, at(-9), &[]).await.expect("reads");
    let homes: Vec<Token> = (0..100).map(|n| Token(number / 2 * 100 + n)).collect();
    tx.residents(&homes, at(-9)).await.expect("reads");
    let link_of = |child, (r, p): (&ReferralRow, &PersonRow)| LinkRow {
        child,
        ..link(r, p.id, Default::default())
    };
    let new = referrals.iter().zip(&persons).map(|pair| link_of(0, pair));
    let again = referrals.iter().zip(&met).map(|pair| link_of(1, pair));
    let home = |(r, token): (&ReferralRow, &Token)| HomeRow {
        token: *token,
        at: r.received_at,
        referral: r.id,
        child: 0,
    };
    let written = Batch {
        links: new.chain(again).collect(),
        homes: referrals.iter().zip(&homes).map(home).collect(),
        tokens: met.iter().map(|p| (Token(number), p.id)).collect(),
        outbox: referrals.iter().map(|r| message(r, "masstt", 1)).collect(),
        repeats: referrals
            .iter()
            .zip(&keys)
            .map(|(r, key)| NewRepeat { key: *key, body: *key, referral: r.id, expires_at: at(9) })
            .collect(),
        referrals: referrals.clone(),
        persons: persons.clone(),
        ..batch()
    };
    tx.write(&written).await.expect("writes");
    tx.commit().await.expect("commits");
    let claimed = store.claim(at(0), at(30), 100).await.expect("claims");
    let done: Vec<_> = claimed.iter().map(|row| (row.id, row.fence)).collect();
    store.confirm(&done, at(1)).await.expect("confirms");
    let mut tx = store.begin().await.expect("begins");
    tx.repeats(&keys, at(0)).await.expect("reads");
    for one in referrals.iter().take(5) {
        tx.referral(one.reference).await.expect("reads").expect("there");
    }
    known.extend(persons);
}

#[tokio::test]
async fn work_grows_with_what_is_asked_and_not_with_what_is_there() {
    let home = Home::postgres().await;
    let store = home.store().await;
    // Plans made from the statistics of empty tables must be good ones too.
    home.sql("ANALYZE").await;
    let mut known = Vec::new();
    for number in 0..20 {
        a_batch_from_end_to_end(store.as_ref(), number, &mut known).await;
    }
    // What the operations page, its lists and the clocks ask for, once for each batch.
    store.breach(at(9999), 5_000).await.expect("marks");
    for _ in 0..20 {
        store.overview(at(1)).await.expect("reads");
        for state in [DeliveryState::Delivering, DeliveryState::Failing, DeliveryState::Dead] {
            store.deliveries(Some(state), None, 50).await.expect("reads");
        }
        store.next_due(at(0)).await.expect("reads");
        store.expire_repeats(at(0), None, 100).await.expect("looks");
        store.fold_tallies(9_999).await.expect("folds");
        for by in [By::Flow, By::Agency, By::Destination] {
            store.totals(by, at(-86_400), at(86_400)).await.expect("reads");
        }
    }
    drop(store);
    // A connection tells what it read when it closes.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let read = "SELECT (sum(idx_tup_read) / 20)::text FROM pg_stat_user_indexes \
                WHERE schemaname = current_schema";
    let read: f64 = home.texts(read).await.remove(0).parse().expect("a number");
    let each = "SELECT indexrelname || ' ' || idx_tup_read / 20 FROM pg_stat_user_indexes \
                WHERE schemaname = current_schema ORDER BY idx_tup_read DESC LIMIT 10";
    let each = home.texts(each).await;
    assert!(read < 5_000.0, "a batch of 100 reads {read} index entries: {each:?}");
}
