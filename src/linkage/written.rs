//! A model as the TOML file that people read.

use super::comparison::FIELDS;
use super::model::{Model, Rates};
use super::rarity::Frequencies;
use std::fmt::Write as _;

const HEAD: &str = "\
# A linkage model: how often each level of agreement is seen between two records of one child (m)
# and of two children (u). A level's evidence is log2(m / u) bits; the match weight is the prior
# plus the evidence, the household's (surname to phone) only so far as siblings leave room.
";

/// The model's file. What is read from it weighs the same to four digits.
pub fn write(model: &Model) -> String {
    let mut out = HEAD.to_owned();
    let version: String = model.version.chars().filter(|char| !"\"\\".contains(*char)).collect();
    let provenance = model.provenance.trim().replace('\\', "").replace("\"\"\"", "'''");
    let _ = write!(
        out,
        "\nversion = \"{}\"\nprovenance = \"\"\"\n{provenance}\n\"\"\"\n\n\
         # The share of referrals that are about a child on record, and how many people are: the\n\
         # prior is log2(known / people), with the number of people that there really are.\n\
         known = {}\npeople = {}\n\
         # The part of the evidence that counts: comparisons are not wholly independent.\n\
         independence = {}\n\
         # For each record of a child itself there are so many of its brothers and sisters, who\n\
         # share surname, address, parents and telephone, and so many of its twins, who share the\n\
         # birthday too.\n\
         siblings = {}\ntwins = {}\n\n\
         [thresholds]\n\
         # Match weights in bits: a person reviews from here;\npossible = {:.2}\n\
         # the machine links from here.\nlinked = {:.2}\n\n\
         [calibration]\n\
         # probability = 1 / (1 + 2^-(slope * weight + intercept))\n\
         slope = {:.4}\nintercept = {:.4}\n",
        version,
        model.known,
        model.people(),
        model.independence,
        short(model.siblings),
        short(model.twins),
        model.thresholds.possible,
        model.thresholds.linked,
        model.calibration.slope,
        model.calibration.intercept,
    );
    for (field, rates) in FIELDS.iter().zip(&model.rates) {
        let _ = write!(out, "\n[comparison.{}]\n", field.name);
        let longest = field.levels.iter().map(|level| level.len()).max().unwrap_or_default();
        for (level, Rates { m, u }) in field.levels.iter().zip(rates).skip(1) {
            let (bits, m, u) = ((m / u).log2(), short(*m), short(*u));
            let _ = writeln!(out, "{level:longest$} = {{ m = {m}, u = {u} }} # {bits:+.1} bits");
        }
    }
    let rarity = &model.rarity;
    let _ = write!(
        out,
        "\n# Names that many bear, by a mark of the name, and the share who do: agreeing on one\n\
         # says log2(usual / share) bits less. All others are rare, and say `most` bits more.\n\
         [rarity]\nmost = {}\n",
        rarity.most
    );
    let of = [
        ("forename", &rarity.forename),
        ("middle_name", &rarity.middle_name),
        ("surname", &rarity.surname),
    ];
    for (name, frequencies) in of {
        write_frequencies(&mut out, name, frequencies);
    }
    out
}

fn write_frequencies(out: &mut String, name: &str, frequencies: &Frequencies) {
    let (usual, rare) = (short(frequencies.usual), short(frequencies.rare));
    let _ =
        write!(out, "\n[rarity.{name}]\nusual = {usual}\nrare = {rare}\n[rarity.{name}.listed]\n");
    for (mark, share) in frequencies.listed() {
        let _ = writeln!(out, "{mark:04x} = {}", short(*share));
    }
}

/// Four digits that tell.
fn short(share: f32) -> String {
    let places = (3 - share.max(1e-12).log10().floor() as i32).clamp(3, 12);
    let text = format!("{share:.*}", usize::try_from(places).unwrap_or(12));
    let text = text.trim_end_matches('0');
    if text.ends_with('.') { format!("{text}0") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_reads_back_as_written() {
        let model = Model::shipped();
        let read = Model::parse(&write(&model)).expect("it is a model");
        assert_eq!(write(&read), write(&model));
        for (one, two) in model.bits.iter().flatten().zip(read.bits.iter().flatten()) {
            assert!((one - two).abs() < 0.01);
        }
    }
}
