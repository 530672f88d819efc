//! Words that count for what they do in a sentence, in six languages, found by their hash.

use std::sync::OnceLock;

/// What a word does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Courtesy: left out as if it were not there.
    Courtesy,
    /// Grammar, assent: carries nothing of its own.
    Function,
    /// Asks.
    Question,
    /// Restricts.
    Constraint,
    /// Counts over many.
    Quantifier,
    /// Wants an argument that holds.
    Proof,
    /// Wants thought.
    Reason,
    /// Reports that something went wrong.
    Failure,
}

/// Slots of the table: a power of two, about three times the number of words.
const SLOTS: usize = 2048;

const COURTESY: &str = "please pls plz kindly thanks thank thx hello hi hey dear sorry cheers appreciated \
    bitte danke hallo merci bonjour salut hola gracias favor ciao grazie obrigado obrigada";

const FUNCTION: &str = "a an the this that these those it its i me my we us our you your he him his she her they \
    them their of to in on at by for from with as into about over up out is are was were be been being am do does \
    did done has have had having will would can could may might shall and or but so if whether then than there here just \
    also very too yes yeah yep no ok okay sure right go ahead make it continue proceed let lets get got one ones \
    der die das den dem des ein eine einen einem einer und oder ist sind war mit von zu im in auf für ich du er wir \
    ihr sie es mir mich dir dich uns mach ja nein mal \
    le la les un une de du des et ou est sont dans pour par sur avec je tu il elle nous vous ils elles ce cette oui \
    el los las una y o es son en por para con yo se del al lo su sí \
    o os as um uma e do da em no na que com não il lo gli uno della di che per non";

const QUESTION: &str = "what why how which who whom whose when where was warum wie welche welcher welches wer wann wo \
    pourquoi comment quel quelle quels quand où qué cómo cuál cuándo dónde quién quien come perché quale quando";

const CONSTRAINT: &str = "must only exactly least most without never ensure cannot except unless avoid limit require \
    required requires allowed forbidden within strictly always until before after otherwise policy policies rule rules \
    muss müssen nur genau mindestens höchstens ohne nie niemals außer darf \
    doit doivent seulement exactement moins sans jamais sauf debe deben solo exactamente menos sin nunca salvo \
    deve devono soltanto esattamente almeno senza";

const QUANTIFIER: &str = "every all any each some none both either neither exists many few several \
    alle jeder jede jedes einige kein keine chaque tous toutes aucun quelques cada todos todas ningún algunos ogni tutti";

const PROOF: &str = "prove proof theorem lemma derive rigorous rigorously induction contradiction conjecture corollary \
    beweise beweis satz induktion démontrer démontrez preuve théorème demuestra demostración teorema dimostra";

const REASON: &str = "think step reasoning explain because therefore justify carefully analyze analyse compare evaluate \
    tradeoff design architecture strategy optimize optimise diagnose investigate \
    erkläre begründe analysiere vergleiche explique expliquer justifier analyser comparer explica analiza compara justifica \
    spiega analizza confronta";

const FAILURE: &str = "error fail failed failure exception traceback denied invalid refused timeout unable \
    undefined crash broken wrong bug panic fehler ausnahme erreur échec fallo errore";

struct Table([(u32, Option<Class>); SLOTS]);

/// The class of the word with this hash, if it has one.
pub fn class(hash: u32) -> Option<Class> {
    static TABLE: OnceLock<Table> = OnceLock::new();
    let Table(slots) = TABLE.get_or_init(table);
    let mut slot = hash as usize % SLOTS;
    loop {
        match slots[slot] {
            (_, None) => return None,
            (word, class) if word == hash => return class,
            _ => slot = (slot + 1) % SLOTS,
        }
    }
}

fn table() -> Table {
    let mut slots = [(0, None); SLOTS];
    let lists = [
        (COURTESY, Class::Courtesy),
        (PROOF, Class::Proof),
        (REASON, Class::Reason),
        (FAILURE, Class::Failure),
        (QUESTION, Class::Question),
        (CONSTRAINT, Class::Constraint),
        (QUANTIFIER, Class::Quantifier),
        (FUNCTION, Class::Function),
    ];
    for (words, class) in lists {
        for word in words.split_whitespace() {
            let hash = super::hash::word_hash(word);
            let mut slot = hash as usize % SLOTS;
            while slots[slot].1.is_some() && slots[slot].0 != hash {
                slot = (slot + 1) % SLOTS;
            }
            // The first list that has a word keeps it.
            if slots[slot].1.is_none() {
                slots[slot] = (hash, Some(class));
            }
        }
    }
    Table(slots)
}

#[cfg(test)]
mod tests {
    use super::super::hash::word_hash;
    use super::*;

    #[test]
    fn words_are_found_and_others_are_not() {
        assert_eq!(class(word_hash("please")), Some(Class::Courtesy));
        assert_eq!(class(word_hash("THE")), Some(Class::Function));
        assert_eq!(class(word_hash("beweise")), Some(Class::Proof));
        assert_eq!(class(word_hash("errors")), Some(Class::Failure));
        assert_eq!(class(word_hash("improve")), None);
    }
}
