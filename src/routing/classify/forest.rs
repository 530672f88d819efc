//! Shallow trees over integers: their sum, and which inputs it came from.

/// The input of a node that has no children.
const LEAF: u16 = u16::MAX;

/// A node: at most the threshold goes below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Which input is looked at; `u16::MAX` at the end of a path.
    pub input: u16,
    /// The largest value that goes below.
    pub threshold: i32,
    /// Number of the node below, within the tree.
    pub below: u16,
    /// Number of the node above.
    pub above: u16,
    /// What the tree says here: at a leaf its answer, before it the mean of those beneath.
    pub value: i32,
}

/// Trees that are summed up.
#[derive(Clone, Debug, Default)]
pub struct Forest {
    trees: Vec<Vec<Node>>,
}

impl Forest {
    /// Adds a tree, if it can be walked: every child comes after its parent, every input exists.
    pub(super) fn plant(&mut self, nodes: Vec<Node>, inputs: usize) -> bool {
        let is_sound = |(i, node): (usize, &Node)| {
            let comes_after =
                |child: u16| usize::from(child) > i && usize::from(child) < nodes.len();
            node.input == LEAF
                || usize::from(node.input) < inputs
                    && comes_after(node.below)
                    && comes_after(node.above)
        };
        let sound = !nodes.is_empty() && nodes.iter().enumerate().all(is_sound);
        if sound {
            self.trees.push(nodes);
        }
        sound
    }

    /// Adds to each input what it contributed, and returns what all trees say without looking at any:
    /// the sum is that and all contributions.
    pub fn explain(&self, inputs: &[i32], contributions: &mut [i64]) -> i64 {
        let mut roots = 0;
        for nodes in &self.trees {
            let mut node = &nodes[0];
            roots += i64::from(node.value);
            while node.input != LEAF {
                let input = usize::from(node.input);
                let child = if inputs[input] <= node.threshold {
                    node.below
                } else {
                    node.above
                };
                let next = &nodes[usize::from(child)];
                contributions[input] += i64::from(next.value) - i64::from(node.value);
                node = next;
            }
        }
        roots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn split(input: u16, threshold: i32, value: i32) -> Node {
        Node {
            input,
            threshold,
            below: 1,
            above: 2,
            value,
        }
    }

    const fn leaf(value: i32) -> Node {
        Node {
            input: LEAF,
            threshold: 0,
            below: 0,
            above: 0,
            value,
        }
    }

    #[test]
    fn contributions_add_up_to_what_the_leaves_say() {
        let mut forest = Forest::default();
        assert!(forest.plant(vec![split(0, 5, 10), leaf(3), leaf(20)], 2));
        assert!(forest.plant(vec![split(1, -1, 0), leaf(-7), leaf(7)], 2));
        for (inputs, leaves) in [
            ([5, -1], -4),
            ([6, 0], 27),
            ([6, -1], 13),
            ([i32::MIN, i32::MAX], 10),
        ] {
            let mut contributions = [0; 2];
            let roots = forest.explain(&inputs, &mut contributions);
            assert_eq!(roots + contributions.iter().sum::<i64>(), leaves);
        }
    }

    #[test]
    fn a_tree_that_cannot_be_walked_is_refused() {
        let mut forest = Forest::default();
        assert!(!forest.plant(vec![], 1));
        assert!(
            !forest.plant(vec![split(1, 0, 0), leaf(1), leaf(2)], 1),
            "no such input"
        );
        assert!(
            !forest.plant(vec![split(0, 0, 0), leaf(1)], 1),
            "no such child"
        );
        let circle = Node {
            below: 0,
            ..split(0, 0, 0)
        };
        assert!(!forest.plant(vec![circle, leaf(1), leaf(2)], 1), "a circle");
    }
}
