//! Signing in while others guess: what waits, for how long, and what that tells.

use super::homes::Home;
use super::on_both;
use super::staff::*;
use frontdoor::access::staff::*;
use frontdoor::domain::Timestamp;
use frontdoor::domain::time::Env as _;
use std::time::{Duration, Instant};

on_both!(
    a_name_that_nobody_has_is_answered_like_any_other,
    whoever_guesses_waits_and_the_tenth_failure_locks_for_a_while,
    what_others_guess_never_holds_up_a_browser_that_is_known,
    an_address_that_guesses_at_many_names_waits_and_an_own_account_does_not_clear_it,
    guessing_at_the_second_step_waits_as_well,
    of_many_tries_at_once_few_are_looked_at,
    a_code_of_the_app_is_taken_once_and_none_before_it,
    the_code_with_which_an_account_was_set_up_counts_as_taken,
    a_reset_forgets_what_failed,
);

const WRONG: &str = "not the password";

async fn answer(world: &World, name: &str, password: &str, from: Caller<'_>) -> SignedIn {
    world.desk.sign_in(name, password, from).await.expect("answers")
}

/// Until when a refused sign-in waits, in seconds from now.
fn waits(world: &World, answer: &SignedIn) -> Option<f64> {
    let SignedIn::Refused(refused) = answer else { panic!("{answer:?}") };
    refused.until.map(|until| until.seconds_since(world.hand.now()))
}

async fn a_name_that_nobody_has_is_answered_like_any_other(home: Home) {
    let world = World::over(&home).await;
    world.set_up(ADA).await;
    world.set_up(OTTO).await;
    world.desk.disable(OTTO, "command-line").await.expect("is disabled");
    for step in 0..14 {
        let mut answers = Vec::new();
        for (n, name) in (1..).zip([ADA, OTTO, "nobody@ridgeway.example", ""]) {
            answers.push(answer(&world, name, WRONG, from(n)).await);
        }
        assert!(answers.iter().all(|one| *one == answers[0]), "{step}: {answers:?}");
        assert!(matches!(answers[0], SignedIn::Refused(_)));
        world.pass(70);
    }
    // The right password of a disabled account is answered like a wrong one.
    world.pass(24 * 3_600);
    let disabled = answer(&world, OTTO, PASSWORD, from(7)).await;
    assert_eq!(disabled, answer(&world, "nobody", PASSWORD, from(8)).await);
}

async fn whoever_guesses_waits_and_the_tenth_failure_locks_for_a_while(home: Home) {
    let world = World::over(&home).await;
    world.set_up(ADA).await;
    let mut seen = Vec::new();
    for _ in 0..10 {
        let wait = waits(&world, &answer(&world, ADA, WRONG, HERE).await);
        seen.push(wait.unwrap_or_default());
        if let Some(wait) = wait {
            // Not looked at before, even the right password, and asking does not make it longer.
            let early = answer(&world, ADA, PASSWORD, HERE).await;
            assert_eq!(waits(&world, &early), Some(wait));
            world.pass(wait as i64);
        }
    }
    assert_eq!(seen, [0.0, 0.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 900.0]);
    assert_eq!(world.times_told("sign-in.locked").await, 1);
    assert!(matches!(answer(&world, ADA, PASSWORD, HERE).await, SignedIn::Next { .. }));
}

async fn what_others_guess_never_holds_up_a_browser_that_is_known(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    // Somebody at the same school, without pause.
    for _ in 0..40 {
        let guess = answer(&world, ADA, WRONG, HERE).await;
        world.pass(waits(&world, &guess).unwrap_or_default() as i64);
    }
    answer(&world, ADA, WRONG, HERE).await;
    let elsewhere = answer(&world, ADA, PASSWORD, HERE).await;
    let wait = waits(&world, &elsewhere).expect("whoever is not known waits");
    assert!(wait <= 900.0, "and not for good: {wait}");
    let known = Caller { device: Some(&ada.device), ..HERE };
    let SignedIn::Next { token, .. } = answer(&world, ADA, PASSWORD, known).await else {
        panic!("she was kept out")
    };
    let done = world.desk.second_step(&token, &ada.codes[0], known).await.expect("answers");
    let Stepped::Done { device, .. } = done else { panic!("{done:?}") };
    assert_eq!(device, ada.device, "her browser stays known");
    // A mark is no way in: what fails with it is counted as well, and it is of one name.
    for _ in 0..3 {
        answer(&world, ADA, WRONG, known).await;
    }
    assert!(waits(&world, &answer(&world, ADA, PASSWORD, known).await).is_some());
    let known = Caller { device: Some(&ada.device), ..from(9) };
    for _ in 0..3 {
        answer(&world, OTTO, WRONG, known).await;
    }
    assert!(waits(&world, &answer(&world, OTTO, WRONG, from(10)).await).is_some());
}

async fn an_address_that_guesses_at_many_names_waits_and_an_own_account_does_not_clear_it(
    home: Home,
) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let guess = async |n: usize| answer(&world, &format!("name{n}"), WRONG, HERE).await;
    for n in 0..22 {
        assert_eq!(waits(&world, &guess(n).await), None, "{n}: a school has many who mistype");
    }
    let (half, _) = world.begun(ADA, PASSWORD).await;
    let done = world.desk.second_step(&half, &ada.codes[0], HERE).await.expect("answers");
    assert!(matches!(done, Stepped::Done { .. }));
    assert_eq!(waits(&world, &guess(90).await), Some(2.0), "signing in has not cleared it");
    assert_eq!(waits(&world, &guess(91).await), Some(2.0));
    assert_eq!(waits(&world, &answer(&world, "name92", WRONG, from(2)).await), None);
    world.pass(24 * 3_600);
    assert_eq!(waits(&world, &guess(93).await), None, "a day later it is forgotten");
}

async fn guessing_at_the_second_step_waits_as_well(home: Home) {
    let world = World::over(&home).await;
    let otto = world.set_up(OTTO).await;
    world.pass(60);
    let mut refused = 0;
    // Somebody has the password, and gives it again before each guess.
    for n in 0..30 {
        let SignedIn::Next { token, .. } = answer(&world, OTTO, PASSWORD, HERE).await else {
            refused += 1;
            continue;
        };
        let guess = format!("{n:06}");
        world.desk.second_step(&token, &guess, HERE).await.expect("answers");
    }
    assert!(refused >= 26, "{refused}");
    world.pass(900);
    let code = app_code(otto.secret.as_deref().expect("an app"), world.hand.now());
    world.signed_in(OTTO, &code).await;
}

async fn of_many_tries_at_once_few_are_looked_at(home: Home) {
    let world = World::over(&home).await;
    world.set_up(ADA).await;
    let tries = (0..30).map(|_| world.desk.sign_in(ADA, WRONG, HERE));
    for answer in futures::future::join_all(tries).await {
        assert!(matches!(answer.expect("answers"), SignedIn::Refused(_)));
    }
    assert_eq!(world.times_told("sign-in.failed").await, 3);
}

async fn a_code_of_the_app_is_taken_once_and_none_before_it(home: Home) {
    let world = World::over(&home).await;
    let otto = world.set_up(OTTO).await;
    let secret = otto.secret.as_deref().expect("an app");
    world.pass(90);
    let now = world.hand.now();
    let code = |late: i64| app_code(secret, Timestamp(now.0 + late * 1_000_000));
    world.signed_in(OTTO, &code(0)).await;
    for (late, taken) in [(0, false), (-30, false), (30, true), (30, false), (0, false)] {
        let (half, _) = world.begun(OTTO, PASSWORD).await;
        let done = world.desk.second_step(&half, &code(late), HERE).await.expect("answers");
        assert_eq!(matches!(done, Stepped::Done { .. }), taken, "{late}: {done:?}");
        world.pass(if taken { 0 } else { 5 });
    }
}

async fn the_code_with_which_an_account_was_set_up_counts_as_taken(home: Home) {
    let world = World::over(&home).await;
    let otto = world.set_up(OTTO).await;
    let code = app_code(otto.secret.as_deref().expect("an app"), world.hand.now());
    let (half, _) = world.begun(OTTO, PASSWORD).await;
    let again = world.desk.second_step(&half, &code, HERE).await.expect("answers");
    assert!(matches!(again, Stepped::Refused(_)), "{again:?}");
}

async fn a_reset_forgets_what_failed(home: Home) {
    let world = World::over(&home).await;
    world.set_up(ADA).await;
    for _ in 0..3 {
        answer(&world, ADA, WRONG, from(3)).await;
    }
    assert!(waits(&world, &answer(&world, ADA, WRONG, from(4)).await).is_some());
    let initial = world.desk.reset(ADA, "command-line").await.expect("is reset");
    let answer = answer(&world, ADA, initial.reveal(), from(4)).await;
    assert!(matches!(answer, SignedIn::Next { .. }), "{answer:?}");
}

/// Without a hash for names that nobody has it would take a hundredth of the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_takes_as_long_to_refuse_a_name_that_nobody_has() {
    let home = Home::sqlite().await;
    let world = World::over(&home).await;
    world.set_up(ADA).await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..9 {
        world.pass(24 * 3_600);
        for (name, times) in [(ADA, &mut known), ("nobody@ridgeway.example", &mut unknown)] {
            let begun = Instant::now();
            answer(&world, name, WRONG, from(n)).await;
            times.push(begun.elapsed());
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    };
    let (known, unknown) = (median(&mut known), median(&mut unknown));
    assert!((0.5..2.0).contains(&(unknown / known)), "known {known} s, unknown {unknown} s");
}
