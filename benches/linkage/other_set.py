#!/usr/bin/env python3
"""other_set.py FOLDER [--people 20000] [--referrals 4000] [--seed 7]

Writes a linkage set of its own: records.csv, referrals.csv and truth.csv, with the columns of the
other sets, and other names and other slips than theirs. Nobody in it exists; NHS numbers begin
with 999. The same numbers and seed give the same files.

A family has children, twins among them, some of them not born when the record was made. Each
child has one record, some two, some none: referrals are about both kinds, so that a sibling or a
twin of a child without a record stands ready to be mistaken for it. `tags` of the truth name what
was done to a referral.
"""

import argparse
import csv
import datetime
import os
import random
import unicodedata

import other_names as names

TODAY = datetime.date(2026, 11, 1)
RECORDS = ("record_id source forename middle_names surname known_as dob edd sex address town "
           "postcode prev_postcode nhs_number upn mother_name father_name phone").split()
REFERRALS = ["referral_id"] + [c for c in RECORDS[1:] if c != "prev_postcode"]
TRUTH = ("referral_id entity_id matched true_record_ids twin_record_ids sibling_record_ids group "
         "source unborn tags").split()
CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
NEAR = {key: row[max(0, at - 1):at] + row[at + 1:at + 2]
        for row in KEYS for at, key in enumerate(row)}
OCR = (("rn", "m"), ("m", "rn"), ("l", "1"), ("I", "l"), ("O", "0"), ("cl", "d"), ("vv", "w"),
       ("e", "c"), ("S", "5"), ("B", "8"), ("h", "b"), ("u", "ii"))
SENDERS = ("police", "school", "health", "public", "voluntary", "other_la", "housing")


class Made:
    """Draws families; counts what must not repeat."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.serial = 0
        self.entities = 0

    def next(self):
        self.serial += 1
        return self.serial

    def nhs_number(self):
        while True:
            digits = f"999{self.next():06d}"
            weighted = sum(int(d) * weight for d, weight in zip(digits, range(10, 1, -1)))
            if (check := (11 - weighted % 11) % 11) < 10:
                return f"{digits}{check}"

    def upn(self, year):
        serial = self.next()
        body = f"381{4000 + serial % 80:04d}{(year + 4) % 100:02d}{serial % 1000:03d}"
        weighted = sum(int(d) * weight for d, weight in zip(body, range(2, 14)))
        return CHECK_LETTERS[weighted % 23] + body

    def postcode(self):
        outward, town = self.dice.choice(names.PLACES)
        unit = "".join(self.dice.choice("ABDEFGHJLNPQRSTUWXYZ") for _ in range(2))
        return f"{outward} {self.dice.randrange(1, 10)}{unit}", town

    def home(self):
        postcode, town = self.postcode()
        number = self.dice.randint(1, 150)
        flat = f"Flat {self.dice.randint(1, 12)}, " if self.dice.random() < 0.12 else ""
        return f"{flat}{number} {self.dice.choice(names.STREETS)}", town, postcode

    def family(self, refuges):
        dice = self.dice
        kind = dice.choices(list(names.SHARES), list(names.SHARES.values()))[0]
        of = names.GROUPS[kind]
        surname = dice.choice(of["families"])
        address, town, postcode = dice.choice(refuges) if dice.random() < 0.02 else self.home()
        maiden = dice.choice(of["families"])
        keeps = dice.random() < {"wb": 0.3, "cn": 0.9, "sa": 0.6, "af": 0.95}.get(kind, 0.4)
        mother_family = maiden if keeps else by_sex(surname, "F")
        shared = {
            "group": kind, "address": address, "town": town, "postcode": postcode,
            "before": self.postcode()[0] if dice.random() < 0.25 else "",
            "mother": f"{dice.choice(of['women'])} {mother_family}",
            "father": f"{dice.choice(of['men'])} {surname}" if dice.random() < 0.7 else "",
            "phone": f"07700 9{self.next() % 100000:05d}", "maiden": maiden,
        }
        born = TODAY - datetime.timedelta(days=dice.randint(30, 17 * 365))
        children = []
        for _ in range(dice.choices((1, 2, 3, 4, 5), (38, 34, 16, 8, 4))[0]):
            twins = 2 if dice.random() < 0.035 else 1
            birth = object()
            for _ in range(twins):
                children.append(self.child(shared, surname, born, birth, children))
            born -= datetime.timedelta(days=dice.randint(310, 1500))
            if born < TODAY - datetime.timedelta(days=18 * 365):
                break
        if dice.random() < 0.05:
            due = TODAY + datetime.timedelta(days=dice.randint(10, 200))
            children.append(self.child(shared, surname, due, object(), children))
        return children

    def child(self, shared, surname, born, birth, before):
        dice = self.dice
        self.entities += 1
        of = names.GROUPS[shared["group"]]
        sex = dice.choice("FM")
        taken = {child["forename"] for child in before}
        free = [name for name in of[sex] if name not in taken] or of[sex]
        forename = dice.choice(free)
        middles = [name for name in of[sex] if name != forename]
        middle = dice.choice(middles) if dice.random() < 0.5 else ""
        # Two records of one child before and after its birth.
        seen_unborn = (TODAY - born).days < 250
        return dict(
            shared, entity=f"E{self.entities:07d}", forename=forename, middle=middle, sex=sex,
            surname=by_sex(surname, sex), born=born, birth=birth, seen_unborn=seen_unborn,
            nhs=self.nhs_number(), upn=self.upn(born.year) if 3 < (TODAY - born).days / 365 else "",
            records=[],
        )


def by_sex(surname, sex):
    for man, woman in names.ENDINGS:
        if sex == "F" and surname.endswith(man):
            return surname[: -len(man)] + woman
    return surname


def plain(text):
    """Without marks, as English keyboards write it."""
    text = text.replace("ł", "l").replace("Ł", "L")
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def neighbour(dice, text):
    """One letter by the key beside it, one dropped, one twice, or two exchanged."""
    if len(text) < 3:
        return text
    at = dice.randrange(1, len(text))
    kind = dice.randrange(4)
    if kind == 0 and NEAR.get(text[at].lower()):
        return text[:at] + dice.choice(NEAR[text[at].lower()]) + text[at + 1:]
    if kind == 1:
        return text[:at] + text[at + 1:]
    if kind == 2:
        return text[:at] + text[at] + text[at:]
    return text[: at - 1] + text[at] + text[at - 1] + text[at + 1:]


def scanned(dice, text):
    """As a scanner reads a form."""
    could = [(a, b) for a, b in OCR if a in text[1:]]
    if not could:
        return text
    a, b = dice.choice(could)
    return text[0] + text[1:].replace(a, b, 1)


def as_recorded(made, child, unborn):
    """A record of the authority's, with few slips."""
    dice = made.dice
    mark = plain if dice.random() < 0.8 else str
    row = {
        "source": dice.choices(("lcs", "ehm", "yjs"), (78, 17, 5))[0],
        "forename": mark(child["forename"]), "middle_names": mark(child["middle"]),
        "surname": mark(child["surname"]), "known_as": "", "dob": child["born"].isoformat(),
        "edd": "", "sex": child["sex"], "address": child["address"], "town": child["town"],
        "postcode": child["postcode"], "prev_postcode": child["before"],
        "nhs_number": child["nhs"], "upn": child["upn"], "mother_name": mark(child["mother"]),
        "father_name": mark(child["father"]), "phone": child["phone"],
    }
    if unborn:
        due = child["born"] + datetime.timedelta(days=dice.randint(-18, 10))
        row.update(forename=dice.choice(("Unborn", "Unborn baby", "Baby")), middle_names="", dob="",
                   edd=due.isoformat(), sex=dice.choice(("U", "")), nhs_number="", upn="")
        row["surname"] = row["mother_name"].rsplit(" ", 1)[-1]
    elif child["forename"] in names.SHORT and dice.random() < 0.1:
        row["known_as"] = names.SHORT[child["forename"]]
    for column, part in (("middle_names", 0.25), ("nhs_number", 0.3), ("upn", 0.2), ("phone", 0.3),
                         ("mother_name", 0.25), ("father_name", 0.4), ("postcode", 0.02)):
        if dice.random() < part:
            row[column] = ""
    if dice.random() < 0.03:
        column = dice.choice(("forename", "surname"))
        row[column] = neighbour(dice, row[column])
    return row


class Referred:
    """A referral on its way: what was known, and what was done to it."""

    def __init__(self, made, row):
        self.made, self.dice, self.row, self.tags = made, made.dice, row, []

    def maybe(self, part, tag, act):
        """Does it to the part; an act that changes nothing leaves no tag."""
        if self.dice.random() < part:
            before = dict(self.row)
            act(self.row)
            if self.row != before:
                self.tags.append(tag)


def worsen(referred, child):
    dice, maybe, made = referred.dice, referred.maybe, referred.made

    def spelt(table):
        def act(row):
            could = [column for column in ("forename", "surname") if child[column] in table]
            if could:
                column = dice.choice(could)
                row[column] = table[child[column]]
        return act

    def slip(how):
        def act(row):
            column = dice.choice(("forename", "surname"))
            row[column] = how(dice, row[column])
        return act

    def moved(row):
        row["address"], row["town"], row["postcode"] = made.home()

    def swapped(row):
        day = child["born"]
        if row["dob"] and day.day <= 12:
            row["dob"] = f"{day.year}-{day.day:02d}-{day.month:02d}"

    def digit(row):
        if row["dob"]:
            at = dice.choice((3, 6, 9))
            row["dob"] = row["dob"][:at] + str(dice.randrange(1, 9)) + row["dob"][at + 1:]

    def other_number(row):
        if row["nhs_number"]:
            row["nhs_number"] = made.nhs_number()

    def wrong_field(row):
        row["forename"], row["surname"] = f"{row['surname']}, {row['forename']}", ""

    def whole_in_surname(row):
        row["forename"], row["surname"] = "", f"{row['forename']} {row['surname']}"

    def exchanged(row):
        row["forename"], row["surname"] = row["surname"], row["forename"]

    def mothers(row):
        row["surname"] = plain(child["maiden"])

    def doubled(row):
        row["surname"] = f"{row['surname']}-{plain(child['maiden'])}"

    def middle_first(row):
        if child["middle"]:
            row["forename"], row["middle_names"] = plain(child["middle"]), ""

    def joined(row):
        row["forename"] = row["forename"].replace("-", dice.choice(("", " "))).title()

    def drop(*columns):
        return lambda row: row.update(dict.fromkeys(columns, ""))

    maybe(0.25, "nick", spelt(names.SHORT))
    maybe(0.30, "translit", spelt(names.ALSO))
    maybe(0.50 if child["group"] == "cn" else 0.0, "joined", joined)
    maybe(0.30 if child["group"] in ("cn", "af", "wa") else 0.015, "order", exchanged)
    maybe(0.04, "mothers_surname", mothers)
    maybe(0.025, "double_barrel", doubled)
    maybe(0.03, "middle_as_first", middle_first)
    maybe(0.10, "typo_key", slip(neighbour))
    maybe(0.05, "ocr", slip(scanned))
    maybe(0.22, "moved", moved)
    maybe(0.03, "dob_swap", swapped)
    maybe(0.03, "dob_digit", digit)
    maybe(0.01, "wrong_nhs", other_number)
    maybe(0.012, "wrong_field", wrong_field)
    maybe(0.012, "all_in_one", whole_in_surname)
    maybe(0.02, "fn_missing", drop("forename", "middle_names"))
    maybe(0.03, "sn_missing", drop("surname"))
    maybe(0.15, "dob_missing", drop("dob"))
    maybe(0.08, "pc_missing", drop("postcode"))
    maybe(0.015, "phone_in_address", lambda row: row.update(address=row["phone"] or row["address"]))
    for column, part in (("nhs_number", 0.6), ("upn", 0.6), ("middle_names", 0.5), ("phone", 0.6),
                         ("mother_name", 0.5), ("father_name", 0.7)):
        if dice.random() < part:
            referred.row[column] = ""
    if dice.random() < 0.08:
        for column in ("forename", "surname", "address"):
            referred.row[column] = referred.row[column].upper()


def refer(made, child, number):
    dice = made.dice
    unborn = child["born"] > TODAY
    row = as_recorded(made, child, unborn)
    row.pop("prev_postcode")
    row["source"] = dice.choices(SENDERS, (29, 21, 20, 10, 8, 7, 5))[0]
    referred = Referred(made, row)
    if not unborn:
        worsen(referred, child)
        if any(record["unborn"] for record in child["records"]):
            referred.tags.append("born_since")
    return dict(row, referral_id=f"Q{number:07d}"), referred.tags, unborn


def truth(child, family, row, tags, unborn):
    ids = lambda some: ";".join(r["record_id"] for other in some for r in other["records"])
    others = [other for other in family if other is not child]
    return {
        "referral_id": row["referral_id"], "entity_id": child["entity"],
        "matched": int(bool(child["records"])), "true_record_ids": ids([child]),
        "twin_record_ids": ids(o for o in others if o["birth"] is child["birth"]),
        "sibling_record_ids": ids(o for o in others if o["birth"] is not child["birth"]),
        "group": child["group"], "source": row["source"], "unborn": int(unborn),
        "tags": ";".join(tags),
    }


def make(people, referrals, seed):
    made = Made(seed)
    dice = made.dice
    refuges = [made.home() for _ in range(4)]
    records, pairs = [], []
    while len(records) < people:
        family = made.family(refuges)
        for child in family:
            pairs.append((child, family))
            if dice.random() < 0.32:
                continue
            born = child["born"] <= TODAY
            for second in range(2 if dice.random() < 0.04 else 1):
                early = child["seen_unborn"] and (second == 0 and dice.random() < 0.6)
                unborn = not born or early
                row = as_recorded(made, child, unborn)
                records.append(row)
                row["record_id"] = ""
                child["records"].append({"row": row, "unborn": unborn})
    dice.shuffle(records)
    for number, row in enumerate(records, start=1):
        row["record_id"] = f"R{number:08d}"
    for child, _ in pairs:
        child["records"] = [
            {"record_id": r["row"]["record_id"], "unborn": r["unborn"]} for r in child["records"]]
    known = [pair for pair in pairs if pair[0]["records"]]
    unknown = [pair for pair in pairs if not pair[0]["records"]]
    many = round(referrals * 0.6)
    about = dice.sample(known, min(many, len(known)))
    about += dice.sample(unknown, min(referrals - len(about), len(unknown)))
    dice.shuffle(about)
    rows, truths = [], []
    for number, (child, family) in enumerate(about, start=1):
        row, tags, unborn = refer(made, child, number)
        rows.append(row)
        truths.append(truth(child, family, row, tags, unborn))
    return records, rows, truths


def write(folder, name, columns, rows):
    with open(os.path.join(folder, name), "w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, columns, lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder")
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--referrals", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    records, referrals, truths = make(given.people, given.referrals, given.seed)
    os.makedirs(given.folder, exist_ok=True)
    write(given.folder, "records.csv", RECORDS, records)
    write(given.folder, "referrals.csv", REFERRALS, referrals)
    write(given.folder, "truth.csv", TRUTH, truths)


if __name__ == "__main__":
    main()
