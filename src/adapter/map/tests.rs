use super::*;
use crate::adapter::located::{Data as Decoded, Place, Step};
use serde_json::json;

/// A row of a school's export, about an invented child.
fn row(cells: &[(&str, &str)]) -> Located {
    let cell = |(at, (heading, text)): (usize, &(&str, &str))| {
        let heading: std::rc::Rc<str> = (*heading).into();
        let step = Step::Cell { row: 4, column: at + 1, heading: heading.clone() };
        (heading, Located::text(text, Place::of(step)))
    };
    let cells = cells.iter().enumerate().map(cell).collect();
    Located::new(Decoded::Object(cells), Place::of(Step::Row(4)))
}

fn mapped(text: &str, cells: &[(&str, &str)]) -> Mapped {
    let map = Map::read(text).unwrap_or_else(|faults| panic!("{faults:?}"));
    map.run(&row(cells)).expect("it maps")
}

fn told(mapped: &Mapped, pointer: &str) -> Vec<String> {
    mapped.provenance[pointer].iter().map(ToString::to_string).collect()
}

const WHO: [(&str, &str); 4] =
    [("Forename", "Ada"), ("Surname", "Test"), ("Risk", "HIGH"), ("DOB", "04/03/2019")];

#[test]
fn what_is_taken_over_or_put_together_keeps_its_places() {
    let mapped = mapped(
        r#"{
            children: [{
                given_name: .Forename,
                full_name: (.Forename + " " + .Surname),
                date_of_birth: (.DOB | split("/") | reverse | join("-")),
                known_as: .Nickname,
            }],
            danger_now: because(.Risk; "yes"),
            worry: (.Risk | lower),
            source: "export",
        }"#,
        &WHO,
    );
    assert_eq!(
        mapped.document,
        json!({
            "children": [{"given_name": "Ada", "full_name": "Ada Test",
                          "date_of_birth": "2019-03-04"}],
            "danger_now": "yes", "worry": "high", "source": "export",
        })
    );
    let name = ["row 4, column A (Forename)", "row 4, column B (Surname)"];
    assert_eq!(told(&mapped, "/children/0/full_name"), name);
    assert_eq!(told(&mapped, "/children/0/given_name"), name[..1]);
    assert_eq!(told(&mapped, "/children/0/date_of_birth"), ["row 4, column D (DOB)"]);
    for pointer in ["/danger_now", "/worry"] {
        assert_eq!(told(&mapped, pointer), ["row 4, column C (Risk)"], "{pointer}");
    }
    assert!(mapped.provenance["/source"].is_empty(), "the map states it");
}

#[test]
fn regular_expressions_and_slices_keep_their_places() {
    let mapped = mapped(
        r#"{a: (.DOB | capture("(?<y>[0-9]{4})$").y), b: .Surname[0:1], c: (.DOB | gsub("/"; "-")),
            d: (.Risk | ascii), e: ([.Forename, .Surname] | map(select(test("^T"))) | first)}
           | del(.d)"#
            .replace("d: (.Risk | ascii), ", "d: 1, ")
            .as_str(),
        &WHO,
    );
    let expected = json!({"a": "2019", "b": "T", "c": "04-03-2019", "e": "Test"});
    assert_eq!(mapped.document, expected);
    for (pointer, column) in [("/a", "D (DOB)"), ("/b", "B (Surname)"), ("/c", "D (DOB)")] {
        assert_eq!(told(&mapped, pointer), [format!("row 4, column {column}")], "{pointer}");
    }
    assert_eq!(told(&mapped, "/e"), ["row 4, column B (Surname)"]);
}

#[test]
fn what_says_nothing_is_left_out() {
    let nothing = "{a: null, b: [], c: {d: .Absent}, e: [null, .Forename]}";
    let mapped = mapped(nothing, &WHO);
    assert_eq!(mapped.document, json!({"e": ["Ada"]}));
    assert_eq!(mapped.provenance.keys().collect::<Vec<_>>(), ["/e/0"]);
}

#[test]
fn the_faults_of_a_map_name_their_lines() {
    let faults = |text: &str| Map::read(text).err().expect("a fault");
    assert_eq!(faults("{\n  a: .b,\n  c: nowhere\n}")[0].line, 3);
    assert_eq!(faults("{\n  a: (.b\n}")[0].line, 3, "where the bracket should have closed");
    assert_eq!(faults("# a\n\n. as $x | $y")[0].line, 3);
    for outside in ["now", "env", "halt", "input", "\"x\" | debug", "include \"other\"; ."] {
        assert!(Map::read(outside).is_err(), "{outside} reaches outside");
    }
}

#[test]
fn a_map_that_gives_no_document_says_why_and_repeats_nothing() {
    let fault = |text: &str| {
        let map = Map::read(text).expect("a map");
        map.run(&row(&WHO)).expect_err("no document")
    };
    assert_eq!(fault("empty"), RunFault::Nothing);
    assert_eq!(fault("{}, {}"), RunFault::Several);
    assert_eq!(fault(".Forename"), RunFault::NoObject);
    assert_eq!(fault("error(.Forename)"), RunFault::Stopped);
    assert_eq!(fault(".Forename | .x"), RunFault::Stopped);
    assert_eq!(fault("1 / 0"), RunFault::Stopped);
    assert!(!fault("error(.Forename)").to_string().contains("Ada"));
}

#[test]
fn values_are_ordered_and_changed_as_jq_does() {
    for (text, expected) in [
        (
            "[3, null, \"a\", [], {}, false, true, 1.5] | sort",
            "[null,false,true,1.5,3,\"a\",[],{}]",
        ),
        ("{a: 1} + {b: 2} * {a: 3}", "{\"a\":3,\"b\":2}"),
        ("{a: {b: 1}} * {a: {c: 2}}", "{\"a\":{\"b\":1,\"c\":2}}"),
        ("[1, 2, 3] | .[1:] | .[-1]", "3"),
        ("[1, 2, 3] - [2]", "[1,3]"),
        ("[1, 2, 3] | map(. * 2) | add", "12"),
        ("{a: [1, 2]} | .a[0] |= . + 10", "{\"a\":[11,2]}"),
        ("{a: 1, b: 2} | del(.a)", "{\"b\":2}"),
        ("[{k: 2}, {k: 1}] | sort_by(.k) | map(.k)", "[1,2]"),
        ("\"a,b\" | split(\",\")", "[\"a\",\"b\"]"),
        ("{a: 1} | to_entries", "[{\"key\":\"a\",\"value\":1}]"),
        ("[\"x\", 2] | join(\"-\")", "\"x-2\""),
        ("\"ab\" | length, has(0)? // 9", "2"),
        ("7 % 4, 7 / 2, 8 / 2 | tojson", "\"3\""),
        ("if null then 1 elif \"\" then 2 else 3 end", "2"),
        ("{a: 1} | has(\"a\"), has(\"b\")", "true"),
        ("\"abc\" | contains(\"b\")", "true"),
        ("\" 42 \" | tonumber", "42"),
        (
            "[\"09850505\", \"05\", \"-007\", \"00\", \"0\", \"0.5\", \"-0.5\"] | map(tonumber)",
            "[9850505,5,-7,0,0,0.5,-0.5]",
        ),
    ] {
        let map = Map::read(&format!("{{x: first({text})}}")).unwrap_or_else(|f| panic!("{f:?}"));
        let mapped = map.run(&row(&[])).expect(text);
        let expected: Value = serde_json::from_str(expected).expect("JSON");
        let given = mapped.document.get("x").cloned().unwrap_or_default();
        // What is null is left out, so the first of a sorted list is.
        let plain = match expected {
            Value::Array(items) => Value::Array(items.into_iter().filter(said).collect()),
            other => other,
        };
        assert_eq!(given, plain, "{text}");
    }
}

fn said(value: &Value) -> bool {
    *value != json!(null) && *value != json!([]) && *value != json!({})
}

#[test]
fn expressions_take_texts_apart_as_jq_does() {
    let cells = [("Said", "Ärger am 04/03/2019, 5/3/19 \u{2028}x"), ("Empty", "")];
    let gives = |map: &str| mapped(&format!("{{it: ({map})}}"), &cells).document["it"].clone();
    let letters =
        r#"[.Said | match("(?<day>[0-9]+)/([0-9]+)"; "g") | [.offset, .length, .string]]"#;
    assert_eq!(gives(letters), json!([[9, 5, "04/03"], [21, 3, "5/3"]]));
    let named = r#".Said | capture("(?<day>[0-9]+)/(?<month>[0-9]+)")"#;
    assert_eq!(gives(named), json!({"day": "04", "month": "03"}));
    assert_eq!(gives(r#"[.Said | scan("[0-9]+/[0-9]+")]"#), json!(["04/03", "5/3"]));
    assert_eq!(gives(r#".Said | sub("[0-9]"; "N")"#), "Ärger am N4/03/2019, 5/3/19 \u{2028}x");
    assert_eq!(
        gives(r#".Said | gsub("(?<n>[0-9])[0-9]*"; .n)"#),
        "Ärger am 0/0/2, 5/3/1 \u{2028}x"
    );
    assert_eq!(gives(r#"[.Said | splits("[, ]+")][0:2]"#), json!(["Ärger", "am"]));
    assert_eq!(gives(r#".Said | split("a") | length"#), json!(2));
    assert_eq!(gives(r#"[.Empty | match(""; "g") | .offset]"#), json!([0]));
    assert_eq!(gives(r#"[.Empty | match(""; "gn")] | length"#), json!(0));
    assert_eq!(
        gives(r#"[.Said | test("ärger"; "i"), test("ärger"), test("x$")]"#),
        json!([true, false, true])
    );
    for faulty in [r#".Said | test("(")"#, r#".Said | test("a"; "q")"#, "test(\"a\")"] {
        let map = Map::read(&format!("{{it: ({faulty})}}")).expect("it reads");
        assert_eq!(map.run(&row(&cells)), Err(RunFault::Stopped), "{faulty}");
    }
}

proptest::proptest! {
    #[test]
    fn places_of_matches_are_counted_in_letters(said in "[aé1 ]{0,30}") {
        let expression = "((é)a?)|(1)(é)?";
        let map = format!(r#"{{it: [.Said | match("{expression}"; "g") | .offset,
            (.captures[] | .offset)]}}"#);
        let told = mapped(&map, &[("Said", &said)]).document["it"].clone();
        let expression = regex::Regex::new(expression).expect("reads");
        let groups = expression.captures_iter(&said).flat_map(|one| {
            one.iter().flatten().map(|group| group.start()).collect::<Vec<_>>()
        });
        let wanted: Vec<usize> = groups.map(|at| said[..at].chars().count()).collect();
        let wanted = if wanted.is_empty() { serde_json::Value::Null } else { json!(wanted) };
        proptest::prop_assert_eq!(told, wanted);
    }
}

#[test]
fn what_is_told_natively_is_what_jq_defines() {
    let cells = [("b", "two"), ("a", "one"), ("Parents' Informed? ", "no")];
    let gives = |map: &str| mapped(&format!("{{it: ({map})}}"), &cells).document["it"].clone();
    assert_eq!(
        gives("{a, b} | to_entries"),
        json!([{"key": "a", "value": "one"}, {"key": "b", "value": "two"}])
    );
    assert_eq!(gives("{a, b} | to_entries | from_entries"), json!({"a": "one", "b": "two"}));
    assert_eq!(
        gives(r#"with_entries(.key |= snake) | keys"#),
        json!(["a", "b", "parents_informed"])
    );
    let each = r#"[[null, true, 1, "x", [], {}][] | KIND] | length"#;
    for (kind, count) in [
        ("values", 5),
        ("nulls", 1),
        ("booleans", 1),
        ("numbers", 1),
        ("strings", 1),
        ("arrays", 1),
        ("objects", 1),
    ] {
        assert_eq!(gives(&each.replace("KIND", kind)), json!(count), "{kind}");
    }
    // Where something is changed, or its place asked for, too.
    assert_eq!(gives(r#"[1, "x"] | (.[] | strings) |= "y""#), json!([1, "y"]));
    assert_eq!(gives(r#"[1, "x"] | [path(.[] | strings)]"#), json!([[1]]));
    assert_eq!(gives(r#"[null, 1] | (.[] | values) |= empty | length"#), json!(1));
    assert_eq!(gives(r#"[("", "x", 1) | type]"#), json!(["string", "string", "number"]));
    assert_eq!(
        gives(r#"[1, 2] | [any(. == 2), all(. == 2), isempty(.[])]"#),
        json!([true, false, false])
    );
    assert_eq!(
        gives(r#"[["a", null, 1] | join("-"), ([] | join("-")), ([1, 2] | add)]"#),
        json!(["a-null-1", "", 3])
    );
}
