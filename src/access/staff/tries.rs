//! Under what tries to sign in are counted, and what is told of them.
//!
//! Never under a name alone: whoever guesses at a colleague's name from elsewhere, or in another
//! browser, does not keep them out.

use super::marks::Mark;
use super::turns::Line;
use crate::domain::StaffId;
use crate::domain::staff::Failures;
use crate::store::keys::KeyRing;
use crate::store::{Event, StaffRow, Token16, Try};
use std::net::IpAddr;

/// Failures that a place has free. An address, or what a household has of IPv6, may be a whole
/// school's; what an organisation has of IPv6 may be many schools'.
const FREE_OF_A_SITE: i64 = 20;
const FREE_OF_AN_ORGANISATION: i64 = 60;

/// What a count is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    /// A name, as it is tried from one place.
    Name,
    /// A browser with a mark.
    Browser,
    /// The second step of one account, wherever it is tried: whoever does has its password.
    SecondStep,
    /// A network, whatever is tried from there.
    Network,
}

impl Counted {
    fn as_str(self) -> &'static str {
        match self {
            Counted::Name => "name",
            Counted::Browser => "browser",
            Counted::SecondStep => "second-step",
            Counted::Network => "network",
        }
    }
}

/// One try, under all that it counts for.
#[derive(Clone)]
pub(super) struct Tries {
    all: Vec<Try>,
    what: Vec<Counted>,
    /// Whose account it is.
    who: Option<StaffId>,
    /// Of the browser that it comes from.
    pub(super) mark: Option<Mark>,
}

impl Tries {
    /// At a password: in a browser with a mark by that alone.
    pub(super) fn at_password(
        ring: &KeyRing,
        sign_in: Token16,
        row: Option<&StaffRow>,
        mark: Option<Mark>,
        from: IpAddr,
    ) -> Self {
        let networks = networks(from);
        let name_there = [sign_in.as_slice(), &networks[0].0].concat();
        let name = (ring.token16("try-name", "", &name_there), Counted::Name);
        Tries::of(ring, name, row, mark, networks)
    }

    /// At the second step of an account, as long as it stands as it does.
    pub(super) fn at_second_step(
        ring: &KeyRing,
        row: &StaffRow,
        mark: Option<Mark>,
        from: IpAddr,
    ) -> Self {
        let of = format!("{} {}", row.id, row.revision);
        let step = (ring.token16("try-second", &of, b""), Counted::SecondStep);
        Tries::of(ring, step, Some(row), mark, networks(from))
    }

    fn of(
        ring: &KeyRing,
        first: (Token16, Counted),
        row: Option<&StaffRow>,
        mark: Option<Mark>,
        networks: Vec<(Vec<u8>, i64)>,
    ) -> Self {
        let place = |(network, free): (Vec<u8>, i64)| {
            (Try { key: ring.token16("try-address", "", &network), free }, Counted::Network)
        };
        let own = |(key, what)| (Try { key, free: 0 }, what);
        let (all, what) = match mark {
            Some(mark) => [own((mark.key(ring), Counted::Browser))].into_iter().unzip(),
            None => std::iter::once(own(first)).chain(networks.into_iter().map(place)).unzip(),
        };
        Tries { all, what, who: row.map(|row| row.id), mark }
    }

    pub(super) fn all(&self) -> &[Try] {
        &self.all
    }

    pub(super) fn keys(&self) -> Vec<Token16> {
        self.all.iter().map(|one| one.key).collect()
    }

    pub(super) fn line(&self) -> Line {
        if self.mark.is_some() { Line::Known } else { Line::Anybody }
    }

    /// What is told of it before it is looked at. At a name that nobody has, that is the first of
    /// a network and the one that locks: whoever makes names up would fill the chain otherwise.
    pub(super) fn tell(&self, kind: &str, failures: &[Failures]) -> Vec<Event> {
        let actor = self.who.map_or("unknown".to_owned(), |id| id.to_string());
        let counted = || self.what.iter().zip(failures);
        let locked = counted().filter(|(_, failures)| failures.locks()).map(|(what, _)| {
            // A network is nobody's.
            let of = if *what == Counted::Network { "unknown" } else { actor.as_str() };
            Event::new("sign-in.locked", of).detail(what.as_str())
        });
        let locked: Vec<Event> = locked.collect();
        let is_first = self.what.last() == Some(&Counted::Network)
            && failures.last().is_some_and(|failures| failures.count == 1);
        let is_told = self.who.is_some() || is_first || !locked.is_empty();
        is_told.then(|| Event::new(kind, &actor)).into_iter().chain(locked).collect()
    }
}

/// The networks of an address, the least first, with what they have free: of IPv6 what one
/// household or site has, and what one organisation has.
fn networks(address: IpAddr) -> Vec<(Vec<u8>, i64)> {
    match address.to_canonical() {
        IpAddr::V4(v4) => vec![(v4.octets().to_vec(), FREE_OF_A_SITE)],
        IpAddr::V6(v6) => [(8, FREE_OF_A_SITE), (6, FREE_OF_AN_ORGANISATION)]
            .map(|(bytes, free)| (v6.octets()[..bytes].to_vec(), free))
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tries(name: u8, address: &str) -> Tries {
        let address = address.parse().expect("an address");
        Tries::at_password(&KeyRing::for_tests(3), [name; 16], None, None, address)
    }

    #[test]
    fn a_name_is_counted_at_one_place_and_a_place_by_its_networks() {
        let shared = |one: &Tries, other: &Tries| -> Vec<bool> {
            one.keys().iter().zip(other.keys()).map(|(one, other)| *one == other).collect()
        };
        let here = tries(1, "192.0.2.1");
        assert_eq!(shared(&here, &tries(1, "::ffff:192.0.2.1")), [true, true]);
        assert_eq!(shared(&here, &tries(2, "192.0.2.1")), [false, true]);
        assert_eq!(shared(&here, &tries(1, "192.0.2.2")), [false, false]);
        let here = tries(1, "2001:db8:1:2::1");
        assert_eq!(here.all().iter().map(|one| one.free).collect::<Vec<_>>(), [0, 20, 60]);
        assert_eq!(shared(&here, &tries(1, "2001:db8:1:2:3::9")), [true, true, true]);
        assert_eq!(shared(&here, &tries(1, "2001:db8:1:3::1")), [false, false, true]);
        assert_eq!(shared(&here, &tries(1, "2001:db8:2:2::1")), [false, false, false]);
    }

    #[test]
    fn of_names_that_nobody_has_the_first_and_the_one_that_locks_are_told() {
        let (nobody, id) =
            (tries(1, "192.0.2.1"), StaffId::from_parts(Default::default(), [1; 10]));
        let somebody = Tries { who: Some(id), ..nobody.clone() };
        let told = |of: &Tries, name: i64, network: i64| -> Vec<String> {
            let failures = [(name, 0), (network, 20)].map(|(count, free)| Failures { count, free });
            let line = |event: Event| {
                let actor = event.actor.replace(&id.to_string(), "somebody");
                format!("{} {actor} {}", event.kind, event.detail.unwrap_or_default())
            };
            of.tell("tried", &failures).into_iter().map(line).collect()
        };
        assert_eq!(told(&nobody, 1, 1), ["tried unknown "]);
        assert!(told(&nobody, 1, 2).is_empty());
        let locked = ["tried unknown ", "sign-in.locked unknown name"];
        assert_eq!(told(&nobody, 10, 12), locked);
        assert_eq!(told(&somebody, 4, 12), ["tried somebody "]);
        let locked = ["tried somebody ", "sign-in.locked unknown network"];
        assert_eq!(told(&somebody, 4, 30), locked);
    }
}
