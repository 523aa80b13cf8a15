//! What tests send, and the few things they look for in an answer.

use serde_json::{Value, json};

/// A client with time-outs, so that nothing hangs.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(std::time::Duration::from_secs(20))
        .pool_max_idle_per_host(64)
        .build()
        .expect("a client")
}

const GIVEN: [&str; 4] = ["Ada", "Bela", "Caro", "Dunja"];

/// A referral about an invented child; `n` makes its name, birthday and worry differ.
pub fn referral(n: u32) -> Value {
    let day = n % 28 + 1;
    let month = n / 28 % 12 + 1;
    let year = 2009 + n / 336 % 14;
    json!({
        "referrer": {"name": "A. Teacher", "role": "Designated safeguarding lead"},
        "children": [{
            "given_name": format!("{}{}", GIVEN[n as usize % 4], word(n)),
            "family_name": format!("Test{}", word(n / 4)),
            "date_of_birth": format!("{year}-{month:02}-{day:02}"),
            "address": {"lines": format!("{} Test Street", n % 90 + 1), "postcode": "HX1 1AA"},
        }],
        "worry": format!("Invented worry number {n}."),
        "danger_now": "no",
    })
}

/// Six letters for each number, so scattered that no two names are a slip of the keys apart.
fn word(n: u32) -> String {
    let mut scattered = u64::from(n + 1) * 7_368_787 % 26_u64.pow(6);
    let mut letters = [b'a'; 6];
    for letter in &mut letters {
        *letter += u8::try_from(scattered % 26).expect("below 26");
        scattered /= 26;
    }
    letters.map(char::from).into_iter().collect()
}

/// Posts a referral.
pub async fn post_referral(
    client: &reqwest::Client,
    url: &str,
    key: &str,
    idempotency: Option<&str>,
    body: &Value,
) -> reqwest::Result<(u16, Value)> {
    let mut request = client.post(format!("{url}/v1/referrals")).bearer_auth(key).json(body);
    if let Some(idempotency) = idempotency {
        request = request.header("Idempotency-Key", idempotency);
    }
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    Ok((status, answer.json().await?))
}
