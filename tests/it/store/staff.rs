//! Accounts: made, set up, reset and disabled; and what the tests of signing in share.

use super::homes::{Home, ring};
use super::on_both;
use frontdoor::access::staff::*;
use frontdoor::audit::{ChainName, Event, GENESIS};
use frontdoor::domain::staff::{SecondStep, StaffState};
use frontdoor::domain::time::Env;
use frontdoor::domain::{AgencyId, DestinationId, Post, Role, Timestamp};
use frontdoor::store::{SessionRow, Store};
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use totp_rs::{Builder, Secret};

on_both!(
    an_account_is_set_up_by_its_holder_and_opens_with_both_steps,
    a_sender_signs_in_with_a_printed_list_and_each_code_works_once,
    an_initial_password_lapses_and_opens_nothing_but_the_set_up,
    a_name_is_taken_once_however_it_is_typed,
    a_reset_account_begins_anew_and_a_disabled_one_opens_nothing,
    a_password_that_was_right_before_a_reset_opens_nothing_after_it,
    new_codes_need_the_password_and_end_the_ones_before,
    codes_that_are_replaced_many_times_at_once_are_ten,
    a_second_step_that_is_pressed_twice_gets_in_once_with_one_code,
    a_set_up_that_is_pressed_twice_shows_the_same_codes,
    an_account_that_is_changed_in_the_database_does_not_open,
    what_happens_to_accounts_is_in_the_chain_and_no_name_stands_in_clear,
);

pub(super) const PASSWORD: &str = "lantern pickle orbit";
pub(super) const ADA: &str = "ada@ridgeway.example";
pub(super) const OTTO: &str = "otto@council.example";
pub(super) const HERE: Caller<'static> = from(1);

/// An invented address.
pub(super) const fn from(n: u8) -> Caller<'static> {
    Caller { address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, n)), marks: None }
}

/// A clock that is set by the test, and chance that never repeats itself.
pub(super) struct Hand(AtomicI64, AtomicU64);

impl Env for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn entropy(&self, into: &mut [u8]) {
        for byte in into {
            let drawn = self.1.fetch_add(1, Ordering::SeqCst) + 1;
            let mixed = drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            *byte = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9).to_be_bytes()[0];
        }
    }
}

pub(super) struct World {
    pub(super) desk: StaffDesk,
    pub(super) store: Arc<dyn Store>,
    pub(super) hand: Arc<Hand>,
}

impl World {
    pub(super) async fn over(home: &Home) -> World {
        World::with(home, SessionLimits::default()).await
    }

    pub(super) async fn with(home: &Home, limits: SessionLimits) -> World {
        let store = home.store().await;
        let now = Timestamp::parse("2026-03-02T09:00:00Z").expect("a time");
        let hand = Arc::new(Hand(AtomicI64::new(now.0), AtomicU64::new(1)));
        let desk = StaffDesk::new(store.clone(), ring(), hand.clone(), limits);
        World { desk, store, hand }
    }

    pub(super) fn pass(&self, seconds: i64) {
        self.hand.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// An account of Ada's, who refers, or Otto's, who screens.
    pub(super) async fn added(&self, sign_in: &str) -> InitialPassword {
        self.desk.add(&account(sign_in), By::CommandLine).await.expect("is added")
    }

    /// A password that was right: the token for the next step.
    pub(super) async fn begun(&self, sign_in: &str, password: &str) -> (SessionToken, Step) {
        match self.desk.sign_in(sign_in, password, HERE).await.expect("answers") {
            SignedIn::Next { token, step } => (token, step),
            SignedIn::Refused(why) => panic!("refused: {why:?}"),
        }
    }

    pub(super) async fn refused(&self, sign_in: &str, password: &str) -> bool {
        let answer = self.desk.sign_in(sign_in, password, HERE).await.expect("answers");
        matches!(answer, SignedIn::Refused(_))
    }

    /// Adds an account and sets it up.
    pub(super) async fn set_up(&self, sign_in: &str) -> Person {
        let initial = self.added(sign_in).await;
        let (token, step) = self.begun(sign_in, initial.reveal()).await;
        assert_eq!(step, Step::SetUp);
        let page = self.desk.set_up_page(&token, "Front door").await.expect("answers");
        let secret = page.expect("a page").app.map(|app| app.text().replace(' ', ""));
        let code = secret.as_deref().map(|secret| app_code(secret, self.hand.now()));
        let set_up = self.desk.set_up(&token, PASSWORD, code.as_deref(), HERE);
        let done = set_up.await.expect("answers");
        let SetUp::Done { token, marks, codes } = done else { panic!("not set up") };
        Person { token, marks, codes, secret }
    }

    /// Signs in with both steps.
    pub(super) async fn signed_in(&self, sign_in: &str, code: &str) -> SessionToken {
        let (token, _) = self.begun(sign_in, PASSWORD).await;
        match self.desk.second_step(&token, code, HERE).await.expect("answers") {
            Stepped::Done { token, .. } => token,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn session(&self, token: &SessionToken) -> Option<Session> {
        self.desk.session(token).await.expect("answers")
    }

    /// What the chain tells of accounts and sign-ins.
    pub(super) async fn told(&self) -> Vec<Event> {
        let links = self.store.chain(ChainName::Desk, 0, 100_000).await.expect("reads");
        ring().chains().verify(ChainName::Desk, (0, GENESIS.to_vec()), &links).expect("holds");
        let events = |link: &frontdoor::audit::StoredLinkOfChain| {
            serde_json::from_slice::<Vec<Event>>(&link.events).expect("events")
        };
        links.iter().flat_map(events).collect()
    }

    pub(super) async fn times_told(&self, kind: &str) -> usize {
        self.told().await.iter().filter(|event| event.kind == kind).count()
    }
}

/// What somebody has after they have set their account up.
pub(super) struct Person {
    pub(super) token: SessionToken,
    pub(super) marks: String,
    pub(super) codes: Vec<String>,
    pub(super) secret: Option<String>,
}

pub(super) fn account(sign_in: &str) -> NewAccount {
    let post = match sign_in {
        OTTO => Post::new(Role::Screener, None, Some(DestinationId::new("masstt")), false),
        _ => Post::new(Role::Sender, Some(AgencyId::new("school-ridgeway")), None, true),
    };
    let name = format!("Invented {}", &sign_in[..1]);
    NewAccount { sign_in: sign_in.to_owned(), name, post: post.expect("a post") }
}

pub(super) fn app_code(secret: &str, now: Timestamp) -> String {
    let secret = Secret::try_from_base32(secret).expect("base 32");
    let app = Builder::new().with_secret(secret).build().expect("an app");
    app.generate(u64::try_from(now.0 / 1_000_000).expect("a time")).to_string()
}

async fn an_account_is_set_up_by_its_holder_and_opens_with_both_steps(home: Home) {
    let world = World::over(&home).await;
    let initial = world.added(OTTO).await;
    let (token, step) = world.begun(OTTO, initial.reveal()).await;
    assert_eq!(step, Step::SetUp);
    let half = world.desk.half(&token).await.expect("answers").expect("waits");
    assert!(half.step == step && world.desk.holder(&token).is_form(&half.csrf));
    assert!(world.session(&token).await.is_none(), "it opens nothing yet");
    let page = || async { world.desk.set_up_page(&token, "Front door").await.expect("answers") };
    let secret = page().await.expect("a page").app.expect("an app").text();
    assert_eq!(page().await.expect("a page").app.expect("an app").text(), secret);
    let secret = secret.replace(' ', "");
    let code = app_code(&secret, world.hand.now());
    let set_up = async |password: &str, code: &str| {
        world.desk.set_up(&token, password, Some(code), HERE).await.expect("answers")
    };
    assert!(set_up("too short", &code).await == SetUp::Weak(Weak::Short));
    assert!(set_up("otto1234OTTO", &code).await == SetUp::Weak(Weak::Name));
    assert!(set_up(initial.reveal(), &code).await == SetUp::Weak(Weak::Given));
    assert!(set_up(PASSWORD, "000000").await == SetUp::WrongCode);
    assert!(set_up(PASSWORD, "").await == SetUp::WrongCode);
    let SetUp::Done { token: signed_in, codes, .. } = set_up(PASSWORD, &code).await else {
        panic!("not set up")
    };
    assert_eq!(codes.iter().collect::<HashSet<_>>().len(), LISTED);
    let session = world.session(&signed_in).await.expect("signed in");
    assert_eq!((session.post, session.name.as_str()), (account(OTTO).post, "Invented o"));
    assert!(set_up("another five words here", &code).await == SetUp::Over, "once");
    assert!(page().await.is_none());
    assert!(world.refused(OTTO, initial.reveal()).await);

    world.pass(60);
    let (half, step) = world.begun(" OTTO@council.example ", PASSWORD).await;
    assert_eq!(step, Step::Second(SecondStep::App));
    assert!(world.session(&half).await.is_none(), "a password alone opens nothing");
    let second = async |code: &str| world.desk.second_step(&half, code, HERE).await.expect("");
    assert!(matches!(second(&code).await, Stepped::Refused(_)), "two steps ago");
    let done = second(&app_code(&secret, world.hand.now())).await;
    let Stepped::Done { token, codes_left, .. } = done else { panic!("{done:?}") };
    assert_eq!(codes_left, 10);
    assert_ne!(token, half);
    assert!(world.session(&token).await.is_some() && world.session(&half).await.is_none());
    assert!(matches!(second(&code).await, Stepped::Over));
}

async fn a_sender_signs_in_with_a_printed_list_and_each_code_works_once(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    assert!(ada.secret.is_none(), "no app is asked for");
    for (used, code) in (1i64..).zip(&ada.codes) {
        let (half, step) = world.begun(ADA, PASSWORD).await;
        assert_eq!(step, Step::Second(SecondStep::List));
        let typed = code.to_uppercase().replace('-', " ");
        let done = world.desk.second_step(&half, &typed, HERE).await.expect("answers");
        let Stepped::Done { codes_left, token, .. } = done else { panic!("{done:?}") };
        assert_eq!(codes_left, 10 - used);
        assert!(world.session(&token).await.is_some_and(|session| session.post.is_lead()));
        let (half, _) = world.begun(ADA, PASSWORD).await;
        let again = world.desk.second_step(&half, code, HERE).await.expect("answers");
        assert!(matches!(again, Stepped::Refused(_)), "{again:?}");
        world.pass(600);
    }
    assert_eq!(world.times_told("code.used").await, 10);
    assert_eq!(world.times_told("second-step.tried").await, 20);
}

async fn an_initial_password_lapses_and_opens_nothing_but_the_set_up(home: Home) {
    let world = World::over(&home).await;
    let initial = world.added(ADA).await;
    assert!(!format!("{initial:?}").contains(initial.reveal()));
    let (half, _) = world.begun(ADA, initial.reveal()).await;
    let stepped = world.desk.second_step(&half, "000000", HERE).await.expect("answers");
    assert!(matches!(stepped, Stepped::Over), "{stepped:?}");
    world.pass(14 * 24 * 3_600 - 1);
    world.begun(ADA, initial.reveal()).await;
    world.pass(1);
    assert!(world.refused(ADA, initial.reveal()).await);
    let over = world.desk.set_up(&half, PASSWORD, None, HERE).await.expect("answers");
    assert!(over == SetUp::Over, "it was begun too long ago");
}

async fn a_name_is_taken_once_however_it_is_typed(home: Home) {
    let world = World::over(&home).await;
    let (new, typed) = (account(ADA), account("ADA@Ridgeway.example"));
    let add = async |new: &NewAccount| world.desk.add(new, By::CommandLine).await;
    let both = tokio::join!(add(&new), add(&typed));
    let taken = |one: &Result<_, _>| matches!(one, Err(AccountFault::Taken));
    assert!(taken(&both.0) != taken(&both.1), "one of them is taken");
    assert!(taken(&add(&new).await));
    for name in ["", " ", "two\nlines", &"long".repeat(60)] {
        let fault = add(&NewAccount { sign_in: name.to_owned(), ..account(ADA) }).await;
        assert!(matches!(fault, Err(AccountFault::Name)), "{name}");
    }
    assert_eq!(world.desk.accounts().await.expect("lists").len(), 1);
}

async fn a_reset_account_begins_anew_and_a_disabled_one_opens_nothing(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let (half, _) = world.begun(ADA, PASSWORD).await;
    world.desk.disable(ADA, By::CommandLine).await.expect("is disabled");
    assert!(world.session(&ada.token).await.is_none(), "at once");
    let stepped = world.desk.second_step(&half, &ada.codes[0], HERE).await.expect("answers");
    assert!(matches!(stepped, Stepped::Over), "{stepped:?}");
    assert!(world.refused(ADA, PASSWORD).await);
    let state = async || world.desk.accounts().await.expect("lists").remove(0).state;
    assert_eq!(state().await, StaffState::Disabled);

    let initial = world.desk.reset(ADA, By::CommandLine).await.expect("is reset");
    assert_eq!(state().await, StaffState::New);
    assert!(world.refused(ADA, PASSWORD).await, "the old password is gone");
    let (token, step) = world.begun(ADA, initial.reveal()).await;
    assert_eq!(step, Step::SetUp);
    let set_up = world.desk.set_up(&token, "another five words here", None, HERE);
    assert!(matches!(set_up.await.expect("answers"), SetUp::Done { .. }));
    let (half, _) = world.begun(ADA, "another five words here").await;
    let old = world.desk.second_step(&half, &ada.codes[0], HERE).await.expect("answers");
    assert!(matches!(old, Stepped::Refused(_)), "the old codes are gone");
    for unknown in [
        world.desk.disable("nobody", By::CommandLine).await.err(),
        world.desk.reset("nobody", By::CommandLine).await.err(),
    ] {
        assert!(matches!(unknown, Some(AccountFault::Unknown)));
    }
}

async fn a_password_that_was_right_before_a_reset_opens_nothing_after_it(home: Home) {
    let world = World::over(&home).await;
    world.set_up(ADA).await;
    let [read] = <[_; 1]>::try_from(world.store.staff().await.expect("reads")).expect("one");
    let session = |key| SessionRow {
        key: [key; 16],
        staff: read.id,
        revision: read.revision,
        made_at: world.hand.now(),
        seen_at: world.hand.now(),
        second_at: None,
        tries: 0,
        ended_at: None,
    };
    let open = async |key| {
        let event = Event::new("sign-in.begun", "somebody");
        world.store.open_session(&session(key), &[], event).await.expect("answers")
    };
    assert!(open(1).await);
    // It was looked at before the reset, and is over after it.
    world.desk.reset(ADA, By::CommandLine).await.expect("is reset");
    assert!(!open(2).await);
    assert!(world.store.session([2; 16]).await.expect("reads").is_none());
    let (before, now) = world.store.session([1; 16]).await.expect("reads").expect("is kept");
    assert!(before.revision < now.revision, "and so is a session that was opened before it");
}

async fn new_codes_need_the_password_and_end_the_ones_before(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let ask =
        async |typed: &str| world.desk.new_codes(&ada.token, typed, HERE).await.expect("answers");
    let NewCodes::Refused(refused) = ask("not the password").await else { panic!("not refused") };
    assert!(refused.looked_at);
    assert_eq!(world.times_told("codes.replaced").await, 0);
    let NewCodes::Done(codes) = ask(PASSWORD).await else { panic!("not given") };
    let (half, _) = world.begun(ADA, PASSWORD).await;
    let old = world.desk.second_step(&half, &ada.codes[0], HERE).await.expect("answers");
    assert!(matches!(old, Stepped::Refused(_)));
    world.signed_in(ADA, &codes[9]).await;
    // Whoever sits down at an open page guesses no password: it waits like any other.
    while !matches!(
        ask("not the password").await,
        NewCodes::Refused(Refused { until: Some(_), .. })
    ) {}
    let NewCodes::Refused(refused) = ask(PASSWORD).await else { panic!("not refused") };
    assert!(!refused.looked_at);
}

async fn codes_that_are_replaced_many_times_at_once_are_ten(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let [row] = <[_; 1]>::try_from(world.store.staff().await.expect("reads")).expect("one");
    let event = || Event::new("codes.replaced", "somebody");
    let lists: Vec<Vec<[u8; 16]>> =
        (0..8).map(|list| (0..10).map(|n| [list * 16 + n; 16]).collect()).collect();
    let (staff, revision, uncounted) = (row.id, row.revision, [].as_slice());
    let replaced = lists.iter().map(|codes| {
        let new = frontdoor::store::NewCodes { staff, revision, codes, uncounted, event: event() };
        world.store.replace_codes(new, world.hand.now())
    });
    for replaced in futures::future::join_all(replaced).await {
        assert!(replaced.expect("replaces"));
    }
    let session = world.session(&ada.token).await.expect("signed in");
    assert_eq!(world.desk.codes_left(&session).await.expect("counts"), 10);
    let (codes, revision) = (&lists[0], revision - 1);
    let old = frontdoor::store::NewCodes { staff, revision, codes, uncounted, event: event() };
    assert!(!world.store.replace_codes(old, world.hand.now()).await.expect("answers"));
}

async fn a_second_step_that_is_pressed_twice_gets_in_once_with_one_code(home: Home) {
    let world = World::over(&home).await;
    let ada = world.set_up(ADA).await;
    let (half, _) = world.begun(ADA, PASSWORD).await;
    let step = |code| world.desk.second_step(&half, code, HERE);
    let both = tokio::join!(step(&ada.codes[0]), step(&ada.codes[0]));
    let again = step(&ada.codes[0]).await;
    let done = [both.0, both.1, again].map(|stepped| match stepped.expect("answers") {
        Stepped::Done { token, codes_left, .. } => (token, codes_left),
        other => panic!("{other:?}"),
    });
    assert!(done.iter().all(|one| *one == done[0]) && done[0].1 == 9);
    assert!(world.session(&done[0].0).await.is_some());
    assert_eq!(world.times_told("code.used").await, 1);
    // Another code, or another session, opens nothing; nor does the same one once it has ended.
    assert_eq!(step(&ada.codes[1]).await.expect("answers"), Stepped::Over);
    let (other, _) = world.begun(ADA, PASSWORD).await;
    let used = world.desk.second_step(&other, &ada.codes[0], HERE).await.expect("answers");
    assert!(matches!(used, Stepped::Refused(_)), "{used:?}");
    let session = world.session(&done[0].0).await.expect("signed in");
    world.desk.sign_out(&session).await.expect("ends");
    assert_eq!(step(&ada.codes[0]).await.expect("answers"), Stepped::Over);
}

async fn a_set_up_that_is_pressed_twice_shows_the_same_codes(home: Home) {
    let world = World::over(&home).await;
    let initial = world.added(ADA).await;
    let (half, _) = world.begun(ADA, initial.reveal()).await;
    let press = |typed| world.desk.set_up(&half, typed, None, HERE);
    let both = tokio::join!(press(PASSWORD), press(PASSWORD));
    // The answer was lost on its way, and the page is sent again.
    world.pass(29 * 60);
    let again = press(PASSWORD).await;
    let shown = [both.0, both.1, again].map(|one| match one.expect("answers") {
        SetUp::Done { token, codes, .. } => (token, codes),
        _ => panic!("not set up"),
    });
    assert!(shown.iter().all(|one| *one == shown[0]));
    assert_eq!(world.times_told("staff.set-up").await, 1);
    world.signed_in(ADA, &shown[0].1[4]).await;
    assert!(press("another five words here").await.expect("answers") == SetUp::Over);
    world.pass(60);
    assert!(press(PASSWORD).await.expect("answers") == SetUp::Over, "not for longer than that");
}

async fn an_account_that_is_changed_in_the_database_does_not_open(home: Home) {
    for change in ["role = 'administrator', destination = NULL", "revision = revision + 1"] {
        let home = if home.is_sqlite() { Home::sqlite().await } else { Home::postgres().await };
        let world = World::over(&home).await;
        let otto = world.set_up(OTTO).await;
        home.sql(&format!("UPDATE staff SET {change}")).await;
        let answer = world.desk.session(&otto.token).await;
        assert!(!matches!(answer, Ok(Some(_))), "{change}");
        assert!(world.desk.sign_in(OTTO, PASSWORD, HERE).await.is_err(), "{change}");
    }
}

async fn what_happens_to_accounts_is_in_the_chain_and_no_name_stands_in_clear(home: Home) {
    let world = World::over(&home).await;
    let otto = world.set_up(OTTO).await;
    world.refused(OTTO, "not the password").await;
    // The second from here: it is told of only at an account.
    world.refused("nobody@ridgeway.example", "not the password").await;
    world.pass(60);
    let code = app_code(otto.secret.as_deref().expect("an app"), world.hand.now());
    let token = world.signed_in(OTTO, &code).await;
    let session = world.session(&token).await.expect("signed in");
    world.desk.sign_out(&session).await.expect("ends");
    world.signed_in(OTTO, &otto.codes[0]).await;
    world.desk.end_sessions(OTTO, By::CommandLine).await.expect("ends");
    world.desk.reset(OTTO, By::CommandLine).await.expect("is reset");
    world.desk.disable(OTTO, By::CommandLine).await.expect("is disabled");

    let id = session.staff.to_string();
    let told = world.told().await;
    let line = |event: &Event| {
        let actor = if event.actor == id { "otto" } else { event.actor.as_str() };
        let detail = event.detail.as_deref().unwrap_or_default().replace(&id, "otto");
        format!("{} {actor} {detail}", event.kind).trim_end().to_owned()
    };
    let lines: Vec<String> = told.iter().map(line).collect();
    let expected = [
        "staff.added command-line otto screener",
        "sign-in.begun otto",
        "staff.set-up otto",
        "sign-in.tried otto",
        "sign-in.tried otto",
        "sign-in.begun otto",
        "second-step.tried otto",
        "sign-in.completed otto app",
        "session.ended otto",
        "sign-in.tried otto",
        "sign-in.begun otto",
        "second-step.tried otto",
        "sign-in.completed otto list",
        "code.used otto",
        "sessions.ended command-line otto",
        "staff.reset command-line otto",
        "staff.disabled command-line otto",
    ];
    assert_eq!(lines, expected);
    let all = serde_json::to_string(&told).expect("JSON");
    for name in [OTTO, "nobody", "Invented", "ridgeway", PASSWORD, &otto.codes[0]] {
        assert!(!all.contains(name), "{name}");
    }
}
