//! A number that a JSON Schema allows.

use serde_json::{Map, Number, Value};

/// The first of some likely numbers that the schema allows; `wish` when it is one of them.
pub(super) fn number(schema: &Map<String, Value>, kind: Kind, wish: Option<f64>) -> Value {
    let bounds = Bounds::of(schema);
    let (low, high) = (bounds.low.unwrap_or(0.0), bounds.high.unwrap_or(0.0));
    let step = bounds.step.unwrap_or(1.0);
    let multiple = (low / step).ceil() * step;
    let candidates = [
        wish.unwrap_or(1.0),
        1.0,
        multiple,
        multiple + step,
        low.ceil(),
        low.floor() + 1.0,
        high.floor(),
        high.ceil() - 1.0,
        (low + high) / 2.0,
    ];
    let chosen = candidates
        .into_iter()
        .find(|number| bounds.allow(*number) && kind.allows(*number))
        .unwrap_or(low);
    match kind {
        Kind::Integer => format!("{chosen:.0}")
            .parse::<i64>()
            .map_or(Value::Null, Value::from),
        Kind::Real => Number::from_f64(chosen).map_or(Value::Null, Value::Number),
    }
}

/// Which numbers a schema's type takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Real,
}

impl Kind {
    fn allows(self, number: f64) -> bool {
        self == Self::Real || number.fract().abs() < f64::EPSILON
    }
}

struct Bounds {
    low: Option<f64>,
    high: Option<f64>,
    above: Option<f64>,
    below: Option<f64>,
    step: Option<f64>,
}

impl Bounds {
    fn of(schema: &Map<String, Value>) -> Self {
        let bound = |name| schema.get(name).and_then(Value::as_f64);
        let (above, below) = (bound("exclusiveMinimum"), bound("exclusiveMaximum"));
        Self {
            low: bound("minimum").or(above),
            high: bound("maximum").or(below),
            above,
            below,
            step: bound("multipleOf").filter(|step| *step > 0.0),
        }
    }

    fn allow(&self, number: f64) -> bool {
        self.low.is_none_or(|low| number >= low)
            && self.high.is_none_or(|high| number <= high)
            && self.above.is_none_or(|above| number > above)
            && self.below.is_none_or(|below| number < below)
            && self.step.is_none_or(|step| {
                let times = number / step;
                (times - times.round()).abs() < 1e-9
            })
    }
}
