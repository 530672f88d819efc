//! What a text is made of, as counts.

/// What a text is made of. All are counts; bytes that were not read are in none but `skipped`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Texture {
    /// Bytes that are no white space.
    pub letters: u32,
    /// Bytes that were not read.
    pub skipped: u32,
    /// Words, numbers included, courtesy left out.
    pub words: u32,
    /// Words of [`super::lexicon::Class::Courtesy`].
    pub courtesies: u32,
    /// Words that are no mere grammar.
    pub content: u32,
    /// Words that had not come before, about.
    pub distinct: u32,
    /// Words of nine letters or more.
    pub long_words: u32,
    /// Letters of all words.
    pub word_letters: u32,
    /// Words that are not ASCII.
    pub foreign: u32,
    /// Runs of digits.
    pub numbers: u32,
    /// Runs of three digits or more.
    pub long_numbers: u32,
    /// Question marks.
    pub questions: u32,
    /// Ends of sentences.
    pub sentences: u32,
    /// Lines that are not blank.
    pub lines: u32,
    /// Lines that begin as an item of a list.
    pub items: u32,
    /// Lines that begin as an answer to choose: `A)`, `(B)`, `C.`
    pub options: u32,
    /// Lines that end or begin as code does.
    pub code_lines: u32,
    /// Fences of code blocks.
    pub fences: u32,
    /// `= < > + | & %` and the like.
    pub operators: u32,
    /// Commands of LaTeX.
    pub latex: u32,
    /// Dollar signs, and `^`.
    pub formulas: u32,
    /// Brackets that open.
    pub brackets: u32,
    /// Deepest nesting of brackets.
    pub depth: u32,
    /// Double quotes and backticks.
    pub quotes: u32,
    /// Names made of parts: `a_b`, `a.b`, `a/b`, `a::b`.
    pub joined: u32,
    /// Names with a bracket right behind them.
    pub invoked: u32,
    /// Commas and semicolons.
    pub commas: u32,
    /// Colons.
    pub colons: u32,
    /// Words of [`super::lexicon::Class::Question`].
    pub asks: u32,
    /// Words of [`super::lexicon::Class::Constraint`].
    pub constraints: u32,
    /// Words of [`super::lexicon::Class::Quantifier`].
    pub quantifiers: u32,
    /// Words of [`super::lexicon::Class::Proof`].
    pub proofs: u32,
    /// Words of [`super::lexicon::Class::Reason`].
    pub reasons: u32,
    /// Words of [`super::lexicon::Class::Failure`].
    pub failures: u32,
}
