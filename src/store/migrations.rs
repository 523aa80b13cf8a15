//! The schema's versions, one list for both dialects, and what a program makes of them.

use super::error::{Result, StoreError};

/// One version of the schema.
pub(super) struct Migration {
    pub(super) version: i32,
    pub(super) name: &'static str,
    /// It only adds, so that a program that does not know it still works on it. Kept in the
    /// database beside the version, where an older program finds it.
    pub(super) expanding: bool,
    pub(super) postgres: &'static str,
    pub(super) sqlite: &'static str,
}

/// All versions, in order.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "0001_first",
        expanding: false,
        postgres: include_str!("../../migrations/postgres/0001_first.sql"),
        sqlite: include_str!("../../migrations/sqlite/0001_first.sql"),
    },
    Migration {
        version: 2,
        name: "0002_matches",
        expanding: false,
        postgres: include_str!("../../migrations/postgres/0002_matches.sql"),
        sqlite: include_str!("../../migrations/sqlite/0002_matches.sql"),
    },
    // A program that does not know it would count the history of a merged record for nobody.
    Migration {
        version: 3,
        name: "0003_merges",
        expanding: false,
        postgres: include_str!("../../migrations/postgres/0003_merges.sql"),
        sqlite: include_str!("../../migrations/sqlite/0003_merges.sql"),
    },
    Migration {
        version: 4,
        name: "0004_news",
        expanding: true,
        postgres: include_str!("../../migrations/postgres/0004_news.sql"),
        sqlite: include_str!("../../migrations/sqlite/0004_news.sql"),
    },
    Migration {
        version: 5,
        name: "0005_adults",
        expanding: true,
        postgres: include_str!("../../migrations/postgres/0005_adults.sql"),
        sqlite: include_str!("../../migrations/sqlite/0005_adults.sql"),
    },
    Migration {
        version: 6,
        name: "0006_recounts",
        expanding: false,
        postgres: include_str!("../../migrations/postgres/0006_recounts.sql"),
        sqlite: include_str!("../../migrations/sqlite/0006_recounts.sql"),
    },
    Migration {
        version: 7,
        name: "0007_circles",
        expanding: true,
        postgres: include_str!("../../migrations/postgres/0007_circles.sql"),
        sqlite: include_str!("../../migrations/sqlite/0007_circles.sql"),
    },
    // What a program that does not know it sends is not paged, but alerts all the same.
    Migration {
        version: 8,
        name: "0008_notices",
        expanding: true,
        postgres: include_str!("../../migrations/postgres/0008_notices.sql"),
        sqlite: include_str!("../../migrations/sqlite/0008_notices.sql"),
    },
    // A program that does not know it would start no clocks.
    Migration {
        version: 9,
        name: "0009_followup",
        expanding: false,
        postgres: include_str!("../../migrations/postgres/0009_followup.sql"),
        sqlite: include_str!("../../migrations/sqlite/0009_followup.sql"),
    },
    // A program that does not know it would end a clock for every child where one is decided.
    Migration {
        version: 10,
        name: "0010_children",
        expanding: false,
        postgres: include_str!("../../migrations/postgres/0010_children.sql"),
        sqlite: include_str!("../../migrations/sqlite/0010_children.sql"),
    },
    // What a program that does not know it records does not count as stepped down, nor as another
    // contact at an address; the referral counts all the same.
    Migration {
        version: 11,
        name: "0011_history",
        expanding: true,
        postgres: include_str!("../../migrations/postgres/0011_history.sql"),
        sqlite: include_str!("../../migrations/sqlite/0011_history.sql"),
    },
    Migration {
        version: 12,
        name: "0012_oversight",
        expanding: true,
        postgres: include_str!("../../migrations/postgres/0012_oversight.sql"),
        sqlite: include_str!("../../migrations/sqlite/0012_oversight.sql"),
    },
    Migration {
        version: 13,
        name: "0013_links",
        expanding: true,
        postgres: include_str!("../../migrations/postgres/0013_links.sql"),
        sqlite: include_str!("../../migrations/sqlite/0013_links.sql"),
    },
    // A program that does not know it would lose the next review of who has had this one.
    Migration {
        version: 14,
        name: "0014_again",
        expanding: false,
        postgres: include_str!("../../migrations/postgres/0014_again.sql"),
        sqlite: include_str!("../../migrations/sqlite/0014_again.sql"),
    },
    Migration {
        version: 15,
        name: "0015_staff",
        expanding: true,
        postgres: include_str!("../../migrations/postgres/0015_staff.sql"),
        sqlite: include_str!("../../migrations/sqlite/0015_staff.sql"),
    },
    Migration {
        version: 16,
        name: "0016_drafts",
        expanding: true,
        postgres: include_str!("../../migrations/postgres/0016_drafts.sql"),
        sqlite: include_str!("../../migrations/sqlite/0016_drafts.sql"),
    },
    Migration {
        version: 17,
        name: "0017_accounts",
        expanding: true,
        postgres: include_str!("../../migrations/postgres/0017_accounts.sql"),
        sqlite: include_str!("../../migrations/sqlite/0017_accounts.sql"),
    },
    Migration {
        version: 18,
        name: "0018_attachment",
        expanding: true,
        postgres: include_str!("../../migrations/postgres/0018_attachment.sql"),
        sqlite: include_str!("../../migrations/sqlite/0018_attachment.sql"),
    },
    // What a program that does not know it folds is missing from the days that pages read.
    Migration {
        version: 19,
        name: "0019_days",
        expanding: true,
        postgres: include_str!("../../migrations/postgres/0019_days.sql"),
        sqlite: include_str!("../../migrations/sqlite/0019_days.sql"),
    },
    // A program that does not know it sends to a destination that is paused, as if it were not.
    Migration {
        version: 20,
        name: "0020_pauses",
        expanding: true,
        postgres: include_str!("../../migrations/postgres/0020_pauses.sql"),
        sqlite: include_str!("../../migrations/sqlite/0020_pauses.sql"),
    },
];

/// The record of what was applied; the same text in both dialects.
pub(super) const CREATE_RECORD: &str = "CREATE TABLE IF NOT EXISTS migration (\
    version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, expanding BOOLEAN NOT NULL)";

pub(super) const APPLIED: &str = "SELECT version, expanding FROM migration ORDER BY version";

pub(super) const RECORD: &str =
    "INSERT INTO migration (version, name, expanding) VALUES ($1, $2, $3)";

/// The migrations that `applied` (version, expanding) lacks.
pub(super) fn missing(applied: &[(i32, bool)]) -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS.iter().filter(|ours| !applied.iter().any(|(version, _)| *version == ours.version))
}

/// Whether this program can work on a database with these migrations.
pub(super) fn judge(applied: &[(i32, bool)]) -> Result<()> {
    if let Some(first) = missing(applied).next() {
        return Err(StoreError::Schema(format!(
            "the database lacks migration {}; run `frontdoor migrate`",
            first.name
        )));
    }
    let newest = MIGRATIONS.last().map_or(0, |migration| migration.version);
    match applied.iter().find(|(version, expanding)| *version > newest && !expanding) {
        None => Ok(()),
        Some((version, _)) => Err(StoreError::Schema(format!(
            "the database was changed by a newer program (migration {version}) in a way that this \
             one does not know; start the newer program"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_grow_by_one_and_names_carry_them() {
        for (migration, number) in MIGRATIONS.iter().zip(1..) {
            assert_eq!(migration.version, number);
            assert!(migration.name.starts_with(&format!("{number:04}_")));
        }
    }

    #[test]
    fn a_newer_schema_is_taken_only_when_all_that_is_newer_expands() {
        let ours: Vec<(i32, bool)> = MIGRATIONS.iter().map(|m| (m.version, m.expanding)).collect();
        let with = |more: &[(i32, bool)]| judge(&[ours.as_slice(), more].concat());
        assert!(with(&[]).is_ok());
        assert!(with(&[(900, true), (901, true)]).is_ok());
        assert!(with(&[(900, true), (901, false)]).is_err());
        assert!(judge(&ours[1..]).is_err());
    }
}
