//! Marks of a browser with which people have done both steps. Whoever guesses at a colleague's name
//! has none for it, so that the colleague, who has, does not wait for what others guess.
//!
//! One cookie holds the marks of several people, since several share a school's computer.

use super::tokens::same;
use crate::domain::Timestamp;
use crate::domain::staff::CLOCKS_APART;
use crate::domain::time::Env;
use crate::store::keys::KeyRing;
use crate::store::{StaffRow, Token16};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Seconds for which one is good after the last time.
const GOOD_FOR: i64 = 365 * 24 * 3_600;
/// People of one browser; the one who was not here for longest makes room.
const PEOPLE: usize = 6;
/// Between two marks.
const BETWEEN: char = '.';
/// Bytes of one: its number, the time, and a MAC over both and the account.
const LENGTH: usize = 16 + 8 + 16;

/// One mark. Its number stays when it is renewed; what fails with it is counted by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark([u8; 16]);

impl Mark {
    /// The mark in a cookie that was given out to this account as it is now.
    pub(super) fn find(
        ring: &KeyRing,
        of: &StaffRow,
        cookie: &str,
        now: Timestamp,
    ) -> Option<Self> {
        cookie.split(BETWEEN).take(PEOPLE).find_map(|text| {
            let (mark, at) = read(ring, of, text)?;
            let good = at.plus_seconds(-CLOCKS_APART)..at.plus_seconds(GOOD_FOR);
            good.contains(&now).then_some(mark)
        })
    }

    /// The cookie with a mark of this account in the first place, and those of others after it.
    pub(super) fn renew(
        mark: Option<Self>,
        ring: &KeyRing,
        of: &StaffRow,
        cookie: Option<&str>,
        env: &dyn Env,
    ) -> String {
        let mark = mark.unwrap_or_else(|| {
            let mut number = [0; 16];
            env.entropy(&mut number);
            Mark(number)
        });
        let at = env.now();
        let number_and_time = [mark.0.as_slice(), &at.0.to_be_bytes()].concat();
        let bytes = [number_and_time.as_slice(), &mac(ring, of, &number_and_time)].concat();
        let others = cookie.unwrap_or_default().split(BETWEEN).filter(|text| {
            let is_mark = URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == LENGTH);
            is_mark && read(ring, of, text).is_none()
        });
        let own = URL_SAFE_NO_PAD.encode(bytes);
        let all: Vec<&str> = std::iter::once(own.as_str()).chain(others).take(PEOPLE).collect();
        all.join(&BETWEEN.to_string())
    }

    /// Under what its failures are counted.
    pub(super) fn key(&self, ring: &KeyRing) -> Token16 {
        ring.token16("try-device", "", &self.0)
    }
}

fn read(ring: &KeyRing, of: &StaffRow, text: &str) -> Option<(Mark, Timestamp)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == LENGTH)?;
    let (number_and_time, given) = bytes.split_last_chunk::<16>()?;
    let (number, time) = number_and_time.split_first_chunk::<16>()?;
    let at = Timestamp(i64::from_be_bytes(time.try_into().ok()?));
    same(given, &mac(ring, of, number_and_time)).then_some((Mark(*number), at))
}

/// By the account's revision: whoever is reset, or ends all sessions, ends the marks as well.
fn mac(ring: &KeyRing, of: &StaffRow, number_and_time: &[u8]) -> Token16 {
    ring.token16("device", &format!("{} {}", of.id, of.revision), number_and_time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::staff::StaffState;
    use crate::domain::{Post, Role, StaffId};
    use crate::store::Sealed;
    use std::sync::atomic::{AtomicU8, Ordering};

    struct Counting(AtomicU8);

    impl Env for Counting {
        fn now(&self) -> Timestamp {
            Timestamp(1_000_000_000)
        }
        fn entropy(&self, into: &mut [u8]) {
            into.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    fn account(n: u8) -> StaffRow {
        StaffRow {
            id: StaffId::from_parts(Timestamp(0), [n; 10]),
            sign_in: [n; 16],
            post: Post::new(Role::Auditor, None, None, false).expect("a post"),
            state: StaffState::Active,
            revision: 2,
            made_at: Timestamp(0),
            changed_at: Timestamp(0),
            initial: None,
            last_step: None,
            record: Sealed { wrapped_key: Vec::new(), body: Vec::new() },
        }
    }

    #[test]
    fn a_mark_is_of_one_account_as_it_is_and_of_a_year() {
        let (ring, env, of) = (KeyRing::for_tests(3), Counting(AtomicU8::new(0)), account(1));
        let cookie = Mark::renew(None, &ring, &of, None, &env);
        let now = env.now();
        let mark = Mark::find(&ring, &of, &cookie, now).expect("is found");
        let later = |seconds| now.plus_seconds(seconds);
        assert_eq!(Mark::find(&ring, &of, &cookie, later(GOOD_FOR - 1)), Some(mark));
        assert_eq!(Mark::find(&ring, &of, &cookie, later(-CLOCKS_APART)), Some(mark));
        for at in [later(GOOD_FOR), later(-CLOCKS_APART - 1)] {
            assert_eq!(Mark::find(&ring, &of, &cookie, at), None, "{at}");
        }
        let changed = StaffRow { revision: 3, ..of.clone() };
        for other in [account(2), changed] {
            assert_eq!(Mark::find(&ring, &other, &cookie, now), None);
        }
        assert_eq!(Mark::find(&KeyRing::for_tests(4), &of, &cookie, now), None);
        let made_up = URL_SAFE_NO_PAD.encode([5; LENGTH]);
        for other in ["", "é", ".", &cookie[1..], &cookie[..cookie.len() - 1], &made_up] {
            assert_eq!(Mark::find(&ring, &of, other, now), None, "{other}");
        }
    }

    #[test]
    fn several_people_share_a_browser_and_who_was_away_for_longest_makes_room() {
        let (ring, env) = (KeyRing::for_tests(3), Counting(AtomicU8::new(0)));
        let mut cookie = "rubbish..é".to_owned();
        let mut marks = Vec::new();
        let find = |n: u8, cookie: &str| Mark::find(&ring, &account(n), cookie, env.now());
        for n in 1..=6 {
            cookie = Mark::renew(None, &ring, &account(n), Some(&cookie), &env);
            marks.push(find(n, &cookie));
        }
        assert!((1..=6).all(|n| find(n, &cookie) == marks[usize::from(n) - 1]));
        // One of them comes again: the mark stays the same one, and there is one of it.
        cookie = Mark::renew(marks[0], &ring, &account(1), Some(&cookie), &env);
        assert!(find(1, &cookie) == marks[0] && cookie.split('.').count() == PEOPLE);
        cookie = Mark::renew(None, &ring, &account(7), Some(&cookie), &env);
        assert!(find(2, &cookie).is_none() && find(1, &cookie).is_some());
        assert!(find(3, &cookie).is_some() && find(7, &cookie).is_some());
    }
}
