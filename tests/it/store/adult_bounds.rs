//! Adults of many families, and of one that is referred often; and what goes wrong in between.

use super::adults::{accused, child, william, with};
use super::gateway::Gateway;
use super::homes::Home;
use super::matches::imogen;
use super::on_both;
use frontdoor::store::{BLOCK_CAP, MOST_OF_BLOCK, MatchState};
use serde_json::json;

on_both!(
    one_family_that_is_referred_often_hides_no_other,
    a_block_that_is_over_full_is_passed_over,
    a_message_lists_the_gravest_pairs_and_says_how_many_more_there_are,
    whoever_cannot_be_compared_keeps_nobody_else_waiting,
    what_cannot_be_told_is_compared_again,
);

async fn one_family_that_is_referred_often_hides_no_other(home: Home) {
    let gateway = Gateway::over(&home).await;
    for n in 0..34 {
        gateway.family(imogen(), &format!("{n} High Street"), json!([william()])).await;
    }
    // More rows in a block than families may have.
    home.sql(&more_tokens("held.referral, more.n", 6)).await;
    let first = gateway.family(child("Ada", "Earnshaw"), "1 Mill Lane", json!([accused()])).await;
    home.sql("UPDATE adult SET compared = true").await;
    let second = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", json!([william()])).await;
    assert_eq!(gateway.compare().await, 1);
    let told = gateway.adults_told(second).await.remove(0).1;
    assert_eq!(told.as_array().map(Vec::len), Some(2), "one of each family");
    assert_eq!(told[0]["other"]["reference"], first.to_string(), "the gravest first");
}

/// Repeats the tokens that there are, in rows of other referrals or places.
fn more_tokens(row: &str, times: usize) -> String {
    format!(
        "WITH RECURSIVE more (n) AS (SELECT 101 UNION ALL \
             SELECT n + 1 FROM more WHERE n < 100 + {times}) \
         INSERT INTO adult_token (token, referral, n) SELECT DISTINCT held.token, {row} \
         FROM adult_token AS held, more"
    )
}

async fn a_block_that_is_over_full_is_passed_over(home: Home) {
    let gateway = Gateway::over(&home).await;
    gateway.family(child("Ada", "Earnshaw"), "1 Mill Lane", json!([accused()])).await;
    let second = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", json!([william()])).await;
    let families = if home.is_sqlite() {
        "CAST('invented fam' || (1000 + more.n) AS BLOB), 101"
    } else {
        "CAST(lpad(to_hex(more.n), 32, '0') AS uuid), 101"
    };
    for too_many in
        [more_tokens(families, BLOCK_CAP), more_tokens("held.referral, more.n", MOST_OF_BLOCK)]
    {
        home.sql(&too_many).await;
        home.sql("UPDATE adult SET compared = false").await;
        assert_eq!(gateway.compare().await, 2);
        assert_eq!(gateway.adults_told(second).await, []);
        home.sql("DELETE FROM adult_token WHERE n > 100").await;
    }
    home.sql(&more_tokens(families, 20)).await;
    home.sql("UPDATE adult SET compared = false").await;
    gateway.compare().await;
    assert_eq!(gateway.adults_told(second).await.len(), 1);
}

async fn a_message_lists_the_gravest_pairs_and_says_how_many_more_there_are(home: Home) {
    let gateway = Gateway::over(&home).await;
    const NAMES: &str = "Ackroyd Barker Crossley Denby Firth Greenwood Haigh Jagger Kaye Lumb \
        Mellor Naylor Ogden Pickles Quarmby Ramsden Sutcliffe Thackray Uttley Varley \
        Wadsworth Yates";
    let names: Vec<&str> = NAMES.split(' ').collect();
    for (n, name) in names.iter().enumerate() {
        let people = if n < 20 { json!([william()]) } else { json!([accused()]) };
        let born = json!(format!("{}-{:02}-{:02}", 2008 + n % 15, 1 + n % 12, 1 + n));
        let child = with(child(names[(n + 9) % 22], name), "date_of_birth", born);
        gateway.family(child, &format!("{n} Mill Lane"), people).await;
    }
    home.sql("UPDATE adult SET compared = true").await;
    let last = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", json!([william()])).await;
    assert_eq!(gateway.compare().await, 1);
    let told = gateway.told(last).await;
    let data = &told.last().expect("a message")["data"];
    assert_eq!(
        (data["adults"].as_array().map(Vec::len), &data["more_adults"]),
        (Some(20), &json!(2))
    );
    for n in 0..3 {
        let role = &data["adults"][n]["other"]["role"];
        assert_eq!(role == "alleged", n < 2, "{n} {role}");
    }
    assert_eq!(gateway.adults_in(MatchState::Open).await.len(), 22, "all of them");
}

async fn whoever_cannot_be_compared_keeps_nobody_else_waiting(home: Home) {
    let gateway = Gateway::over(&home).await;
    gateway.family(child("Cy", "Noble"), "3 Dale Street", json!([william()])).await;
    let damaged = if home.is_sqlite() { "x'00'" } else { "'\\x00'::bytea" };
    home.sql(&format!("UPDATE adult SET profile = {damaged}")).await;
    home.sql(
        "WITH RECURSIVE more (n) AS (SELECT 101 UNION ALL SELECT n + 1 FROM more WHERE n < 160) \
         INSERT INTO adult (referral, n, lane_seq, profile, compared) \
         SELECT referral, more.n, lane_seq, profile, compared FROM adult, more",
    )
    .await;
    gateway.family(child("Ada", "Earnshaw"), "1 Mill Lane", json!([accused()])).await;
    let second = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", json!([william()])).await;
    assert_eq!(gateway.compare().await, 2);
    assert_eq!(gateway.adults_told(second).await.len(), 1);
    let left = home.texts("SELECT 'x' FROM adult WHERE NOT compared").await.len();
    assert_eq!(left, 61, "they wait for their key");
    assert_eq!(gateway.compare().await, 0);
}

async fn what_cannot_be_told_is_compared_again(home: Home) {
    let gateway = Gateway::over(&home).await;
    gateway.family(child("Ada", "Earnshaw"), "1 Mill Lane", json!([accused()])).await;
    let second = gateway.family(child("Ben", "Sugden"), "9 Ash Grove", json!([william()])).await;
    let third = gateway.family(child("Cy", "Noble"), "3 Dale Street", json!([william()])).await;
    let kept = format!("reference = '{second}'");
    home.sql("CREATE TABLE aside AS SELECT id, record FROM referral").await;
    let damaged = if home.is_sqlite() { "x'00'" } else { "'\\x00'::bytea" };
    home.sql(&format!("UPDATE referral SET record = {damaged} WHERE {kept}")).await;
    assert_eq!(gateway.compare().await, 1, "those of the second, and whom they met, are left");
    assert_eq!(gateway.adults_told(second).await, []);
    assert_eq!(gateway.adults_told(third).await.len(), 1);
    home.sql(&format!(
        "UPDATE referral SET record = (SELECT record FROM aside WHERE aside.id = referral.id) \
         WHERE {kept}"
    ))
    .await;
    assert_eq!(gateway.compare().await, 2);
    assert_eq!(gateway.adults_told(second).await.len(), 1);
    assert_eq!(gateway.adults_told(third).await.len(), 1, "nothing twice");
}
