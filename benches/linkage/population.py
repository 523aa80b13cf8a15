#!/usr/bin/env python3
"""population.py SET OUT.csv [--people 1000000] [--seed 381]

Writes a large population that contains a linkage set: first the set's own records as they are,
then invented ones. SET is a folder with records.csv or records.csv.gz. The same set, number and
seed give the same file.

Names, dates, sectors of postcodes, streets and what is missing are drawn with the frequencies of
the set's own columns, slips included. Given names and surnames are drawn together: from a record
of the surname to another that shares its given name, and on to one of that surname, so that names
stay within their cultural group without anybody having to say which it is. Children come in
households that share home, mother, father, telephone and mostly the surname.
"""

import argparse
import collections
import csv
import datetime
import gzip
import os
import random
import re

UNIT = "ABDEFGHJLNPQRSTUWXYZ"
CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
MAY_BE_MISSING = (
    "forename middle_names surname dob sex address town postcode prev_postcode nhs_number upn "
    "mother_name father_name phone"
).split()


class Source:
    """The set's records, and what is drawn from them."""

    def __init__(self, rows, dice):
        self.rows, self.dice = rows, dice
        self.named = [r for r in rows if r["forename"] and r["surname"] and not r["edd"]]
        self.by_surname = group(self.named, "surname")
        self.by_forename = group(self.named, "forename")
        self.with_mother = group((r for r in rows if r["mother_name"]), "surname")
        self.with_father = group((r for r in rows if r["father_name"]), "surname")
        self.dated = [r for r in rows if r["dob"]]
        self.placed = [r for r in rows if re.fullmatch(r"\S+ \d[A-Z]{2}", r["postcode"])]
        self.streets = [r["address"].lstrip("0123456789 ") for r in rows if r["address"]]
        self.streets = [street for street in self.streets if street]
        self.seen_nhs = {r["nhs_number"] for r in rows}
        self.seen_upn = {r["upn"] for r in rows}

    def one(self, of):
        return of[int(self.dice.random() * len(of))]

    def child_of(self, surname):
        """A record whose given names go with the surname."""
        row = self.one(self.by_surname[surname])
        if self.dice.random() < 0.7:
            other = self.one(self.by_forename[row["forename"]])
            row = self.one(self.by_surname[other["surname"]])
        return row

    def middle_of(self, surname, sex):
        """A further given name that goes with the surname and the sex."""
        for _ in range(6):
            row = self.child_of(surname)
            if row["sex"] == sex:
                return row["forename"]
        return ""

    def parent_of(self, surname, column, pool):
        """A parent's name: the given name of one with the same surname, sometimes all of it."""
        if surname not in pool:
            return ""
        name = self.one(pool[surname])[column]
        if self.dice.random() < 0.3 or " " not in name:
            return name
        return f"{name.rsplit(' ', 1)[0]} {surname}"

    def postcode(self):
        sector = self.one(self.placed)
        return sector["postcode"][:-2] + self.one(UNIT) + self.one(UNIT), sector["town"]

    def nhs_number(self):
        while True:
            digits = f"9{int(self.dice.random() * 10**8):08d}"
            weighted = sum(int(d) * weight for d, weight in zip(digits, range(10, 1, -1)))
            check = (11 - weighted % 11) % 11
            if check < 10 and f"{digits}{check}" not in self.seen_nhs:
                self.seen_nhs.add(f"{digits}{check}")
                return f"{digits}{check}"

    def upn(self, year):
        while True:
            serial = int(self.dice.random() * 10**7)
            body = f"381{serial % 10**4:04d}{(year + 4) % 100:02d}{serial // 10**4:03d}"
            weighted = sum(int(d) * weight for d, weight in zip(body, range(2, 14)))
            upn = CHECK_LETTERS[weighted % 23] + body
            if upn not in self.seen_upn:
                self.seen_upn.add(upn)
                return upn


def group(rows, column):
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return dict(groups)


def birthday(source, before):
    """A date of the set's; of siblings nine months apart at least, and fifteen years at most."""
    for _ in range(50):
        dob = source.one(source.dated)["dob"]
        try:
            day = datetime.date.fromisoformat(dob).toordinal()
        except ValueError:
            return dob
        if all(280 < abs(day - other) < 15 * 365 for other in before):
            before.append(day)
            return dob
    return ""


def household(source, serial):
    """One to four children of one home."""
    dice = source.dice
    surname = source.one(source.named)["surname"]
    postcode, town = source.postcode()
    shared = {
        "address": f"{1 + int(dice.random() ** 2 * 180)} {source.one(source.streets)}",
        "town": town,
        "postcode": postcode,
        "prev_postcode": source.postcode()[0],
        "mother_name": source.parent_of(surname, "mother_name", source.with_mother),
        "father_name": source.parent_of(surname, "father_name", source.with_father),
        "phone": f"07{int(dice.random() * 10**9):09d}",
    }
    days = []
    for _ in range(dice.choices((1, 2, 3, 4), (45, 35, 14, 6))[0]):
        like = source.child_of(surname)
        family = surname if dice.random() < 0.92 else like["surname"]
        dob = birthday(source, days)
        year = int(dob[:4]) if dob[:4].isdigit() else 0
        missing = source.one(source.rows)
        child = dict(
            shared,
            record_id=f"P{serial:08d}",
            source=source.one(source.rows)["source"],
            forename=like["forename"],
            middle_names=source.middle_of(surname, like["sex"]),
            surname=family,
            known_as=like["known_as"],
            dob=dob,
            edd="",
            sex=like["sex"],
            nhs_number=source.nhs_number(),
            upn=source.upn(year) if year >= 2006 else "",
        )
        for column in MAY_BE_MISSING:
            if not missing[column] and (column != "forename" or missing["dob"]):
                child[column] = ""
        serial += 1
        yield child


def read(folder):
    path = os.path.join(folder, "records.csv")
    if os.path.exists(path):
        file = open(path, encoding="utf-8", newline="")
    else:
        file = gzip.open(path + ".gz", "rt", encoding="utf-8", newline="")
    with file:
        reader = csv.DictReader(file)
        return reader.fieldnames, list(reader)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("set")
    parser.add_argument("out")
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=381)
    given = parser.parse_args()
    columns, rows = read(given.set)
    source = Source(rows, random.Random(given.seed))
    with open(given.out, "w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        out.writeheader()
        out.writerows(rows[: given.people])
        count = min(len(rows), given.people)
        while count < given.people:
            for child in household(source, count + 1):
                if count < given.people:
                    out.writerow(child)
                    count += 1


if __name__ == "__main__":
    main()
