//! The pages of reports: a table for each, its chart, and its file.

use super::reports::{Asked, Report, Reports, View};
use super::sheets::Sheet;
use super::{OpsState, PAGES, denied, may_look};
use crate::access::Access;
use crate::domain::Timestamp;
use crate::web::page::{Frame, Front};
use crate::web::trouble::Trouble;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::ToSpan as _;
use jiff::civil::Date;

/// Numbers that are older are told as such: somebody left the page open, or the store is away.
const OLD: f64 = 120.0;
/// Days that a page tells of, with the messages that say so.
const DAYS: [(i64, &str); 3] = [(1, "ops-today"), (7, "ops-week"), (28, "ops-four-weeks")];

#[derive(Template)]
#[template(path = "ops/report.html")]
struct Page<'a> {
    frame: &'a Frame,
    asked: Asked,
    report: Option<&'a Report>,
    now: Timestamp,
    days: [(i64, &'static str); 3],
    pages: [(&'static str, &'static str); 7],
}

impl Page<'_> {
    fn is_old(&self) -> bool {
        self.report.is_some_and(|report| self.now.seconds_since(report.as_of) > OLD)
    }

    /// For whoever has no JavaScript, too.
    fn numbers_of(&self, at: &Timestamp) -> String {
        let time = at.to_jiff().strftime("%-d %B %Y, %H:%M UTC").to_string();
        self.frame.fill("ops-numbers-of", "time", &time)
    }

    fn chart(&self, sheet: &Sheet) -> String {
        self.frame.fill("ops-chart", "what", &self.frame.say(sheet.caption))
    }

    fn table(&self, sheet: &Sheet) -> String {
        self.frame.fill("ops-table", "what", &self.frame.say(sheet.caption))
    }

    fn file(&self, sheet: &Sheet) -> String {
        self.frame.fill("ops-file", "what", &self.frame.say(sheet.caption))
    }

    fn left_out(&self, sheet: &Sheet) -> String {
        self.frame.fill("ops-left-out", "count", &sheet.left_out().to_string())
    }

    /// Its name, and of which month it is.
    fn title(&self) -> String {
        let title = self.frame.say(self.asked.view.messages()[0]);
        match self.asked.month {
            Some(month) => format!("{title}: {}", month.strftime("%B %Y")),
            None => title,
        }
    }

    /// The query of this page.
    fn query(&self) -> String {
        match self.asked.month {
            Some(month) => format!("month={}", month.strftime("%Y-%m")),
            None => format!("days={}", self.asked.days),
        }
    }

    /// A year of months, the newest first: as addresses name them, and as people do.
    fn months(&self) -> Vec<(String, String)> {
        let this = self.now.date().first_of_month();
        let months = (0..12).map(|back: i32| this.saturating_sub(back.months()));
        let named = |month: Date| {
            (month.strftime("%Y-%m").to_string(), month.strftime("%B %Y").to_string())
        };
        months.map(named).collect()
    }

    /// Whether the month is not over.
    fn is_so_far(&self) -> bool {
        self.asked.month == Some(self.now.date().first_of_month())
    }

    fn what(&self) -> String {
        self.frame.say(self.asked.view.messages()[1])
    }
}

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    for view in View::ALL {
        let shown = move |reports: web::Data<Reports>, given: Given, req: HttpRequest| {
            show(view, reports, given, req)
        };
        cfg.service(web::resource(view.address()).get(shown).head(shown));
    }
}

/// What every page of operations is given.
type Given = (web::Data<OpsState>, web::Data<Access>, web::Data<Front>);

async fn show(
    view: View,
    reports: web::Data<Reports>,
    (state, access, front): Given,
    req: HttpRequest,
) -> HttpResponse {
    if !may_look(&access, &req) {
        return denied();
    }
    let query = req.query_string();
    let wanted = parameter(query, "days").and_then(|days| days.parse::<i64>().ok());
    let known = |days: &i64| view.has_days() && DAYS.iter().any(|(one, _)| one == days);
    let days = wanted.filter(known).unwrap_or(7);
    let this = state.env.now().date().first_of_month();
    let named = parameter(query, "month").and_then(month).filter(|named| *named <= this);
    let last = this.saturating_sub(1.month());
    let month = (view == View::Board).then(|| named.unwrap_or(last));
    let asked = Asked { view, days, month };
    let report = reports.get(asked).await;
    let frame = front.frame();
    if parameter(query, "format") != Some("csv") {
        return answer(&frame, asked, report.as_deref(), state.env.now());
    }
    let Some(report) = report else { return Trouble::Failed.answer(&frame) };
    let table = parameter(query, "table");
    let found = report.sheets.iter().find(|sheet| table.is_none_or(|id| id == sheet.id));
    match found {
        Some(sheet) => file(sheet.id, report.as_of, sheet.csv()),
        None => Trouble::NotFound.answer(&frame),
    }
}

/// `2026-11`, as the day on which it begins.
fn month(text: &str) -> Option<Date> {
    let whole = text.len() == 7;
    format!("{text}-01").parse().ok().filter(|_| whole)
}

/// What a query says of a name, the first time; nothing that is read here is encoded.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(given, _)| *given == name).map(|(_, value)| value)
}

pub(crate) fn answer(
    frame: &Frame,
    asked: Asked,
    report: Option<&Report>,
    now: Timestamp,
) -> HttpResponse {
    frame.answer(StatusCode::OK, &Page { frame, asked, report, now, days: DAYS, pages: PAGES })
}

/// A file to keep, named after what it is and when it was read.
fn file(name: &str, as_of: Timestamp, text: String) -> HttpResponse {
    let at = as_of.to_jiff().strftime("%Y-%m-%dT%H%MZ");
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}-{at}.csv\""),
        ))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text)
}
