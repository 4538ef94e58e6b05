//! The cause of a slowdown: one model, its provider, or everything that is measured here.

use std::collections::BTreeMap;

use super::{
    judge::{Rule, windows},
    sample::{Sample, median, values},
};

/// The widest circle in which models slowed down together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The model alone.
    Model(String),
    /// Every model of this provider.
    Provider(String),
    /// All providers: probably the line between them and this service.
    Line,
}

impl Cause {
    /// Its name in JSON: model, provider or line.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Model(_) => "model",
            Self::Provider(_) => "provider",
            Self::Line => "line",
        }
    }

    /// Its name in the store, such as `provider:groq`.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Model(name) | Self::Provider(name) => format!("{}:{name}", self.kind()),
            Self::Line => self.kind().into(),
        }
    }

    /// Parses the form that [`Self::key`] writes.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        match key.split_once(':') {
            Some(("model", name)) => Some(Self::Model(name.to_owned())),
            Some(("provider", name)) => Some(Self::Provider(name.to_owned())),
            None if key == "line" => Some(Self::Line),
            _ => None,
        }
    }

    /// Returns true if a slowdown of this contender of `provider` is part of it.
    #[must_use]
    pub fn covers(&self, contender: &str, provider: &str) -> bool {
        match self {
            Self::Model(name) => name == contender,
            Self::Provider(name) => name == provider,
            Self::Line => true,
        }
    }

    /// The cause in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Model(_) => "only this model".into(),
            Self::Provider(provider) => format!("all of provider {provider}"),
            Self::Line => "everything: look at our own line".into(),
        }
    }
}

/// A series beside others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peer<'a> {
    /// The contender.
    pub contender: &'a str,
    /// Its provider.
    pub provider: &'a str,
    /// The ratio of its medians, recent to baseline; `None` if it has too few samples.
    pub ratio: Option<f64>,
}

/// The ratio of the medians at the end of `day`, recent to baseline; `None` if there are too few samples.
#[must_use]
pub fn ratio(samples: &[Sample], day: i64) -> Option<f64> {
    let (recent, baseline) = windows(samples, day)?;
    Some(median(&mut values(recent))? / median(&mut values(baseline))?)
}

/// Finds the cause of a slowdown of `subject`: the provider if the others of its models slowed down too, and the line if
/// those of other providers did as well. Each group is judged by the median of its ratios.
#[must_use]
pub fn cause(subject: &Peer<'_>, peers: &[Peer<'_>], rule: Rule) -> Cause {
    let group_is_slower = |is_same_provider: bool| {
        let others = peers.iter().filter(|peer| peer.contender != subject.contender);
        let group = others.filter(|peer| (peer.provider == subject.provider) == is_same_provider);
        let mut ratios: Vec<f64> = group.filter_map(|peer| peer.ratio).collect();
        median(&mut ratios).map(|ratio| rule.is_met_by(ratio))
    };
    match (group_is_slower(true), group_is_slower(false)) {
        (None | Some(true), Some(true)) => Cause::Line,
        (Some(true), _) => Cause::Provider(subject.provider.to_owned()),
        _ => Cause::Model(subject.contender.to_owned()),
    }
}

/// Groups the `suspected` contenders by cause: one incident each.
#[must_use]
pub fn by_cause(suspected: &[&str], peers: &[Peer<'_>], rule: Rule) -> BTreeMap<Cause, Vec<String>> {
    let mut causes: BTreeMap<Cause, Vec<String>> = BTreeMap::new();
    for peer in peers.iter().filter(|peer| suspected.contains(&peer.contender)) {
        causes.entry(cause(peer, peers, rule)).or_default().push(peer.contender.to_owned());
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(ratios: [f64; 5]) -> [Peer<'static>; 5] {
        let names = [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("b2", "b")];
        let mut ratios = ratios.into_iter();
        names.map(|(contender, provider)| Peer { contender, provider, ratio: ratios.next() })
    }

    fn found(ratios: [f64; 5], suspected: &[&str]) -> Vec<(Cause, usize)> {
        let causes = by_cause(suspected, &peers(ratios), Rule::SPEED);
        causes.into_iter().map(|(cause, members)| (cause, members.len())).collect()
    }

    #[test]
    fn the_widest_circle_that_slowed_down_is_the_cause() {
        assert_eq!(found([0.7, 1.0, 0.98, 1.0, 1.0], &["a1"]), [(Cause::Model("a1".into()), 1)]);
        let provider = (Cause::Provider("a".into()), 3);
        assert_eq!(found([0.7, 0.8, 0.75, 1.0, 1.0], &["a1", "a2", "a3"]), [provider]);
        assert_eq!(found([0.7, 0.8, 0.75, 0.6, 0.8], &["a1", "a2", "b1"]), [(Cause::Line, 3)]);
        let two = [(Cause::Model("a1".into()), 1), (Cause::Model("b1".into()), 1)];
        assert_eq!(found([0.7, 1.0, 1.0, 0.7, 1.0], &["a1", "b1"]), two, "two incidents of their own");
    }

    #[test]
    fn a_single_model_is_its_own_cause() {
        let alone = Peer { contender: "a", provider: "p", ratio: Some(0.5) };
        assert_eq!(cause(&alone, &[alone], Rule::SPEED), Cause::Model("a".into()));
        let other = Peer { contender: "b", provider: "q", ratio: Some(0.5) };
        assert_eq!(cause(&alone, &[alone, other], Rule::SPEED), Cause::Line);
        assert_eq!(Cause::Line.words(), "everything: look at our own line");
    }
}
