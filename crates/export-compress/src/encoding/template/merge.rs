//! Which templates there are: every frequent shape is one, and rare shapes of one structure are merged.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::scan::{Class, Scan, Shape, Span, class, literals, runs};

/// Lines that make a shape a template by itself.
const FREQUENT: usize = 8;
/// Lines that make a template of merged shapes worth its text.
const WORTHWHILE: usize = 4;
/// Templates of one structure that a rare shape is compared with.
const MOST_COMPARED: usize = 16;

/// Literal text and fields in turn: one literal more than fields.
pub(super) struct Template {
    pub(super) literals: Vec<Span>,
    /// How many strings it has.
    pub(super) lines: usize,
}

/// Where the fields of a shape's strings are.
#[derive(Clone)]
pub(super) enum Fate {
    /// At the runs with a digit.
    Direct(usize),
    /// At the runs so marked, of all runs.
    Marked(usize, usize),
    /// Nowhere: each string is kept whole.
    Whole,
}

/// The templates, and what becomes of every shape.
pub(super) struct Plan {
    pub(super) templates: Vec<Template>,
    pub(super) fates: Vec<Fate>,
    /// Which runs are fields.
    pub(super) marks: Vec<Vec<bool>>,
}

/// Shapes whose strings have one template.
struct Group {
    line: Span,
    runs: Vec<Span>,
    /// Which runs are fields.
    marks: Vec<bool>,
    /// Which shapes are in it, the template's own not counted.
    members: Vec<usize>,
    lines: usize,
    /// The template, where it is a frequent shape's.
    template: Option<usize>,
}

pub(super) fn plan(scan: &Scan<'_>) -> Plan {
    let mut plan = Plan {
        templates: Vec::new(),
        fates: vec![Fate::Whole; scan.shapes.len()],
        marks: Vec::new(),
    };
    let mut rare = Vec::new();
    for (at, (shape, fate)) in scan.shapes.iter().zip(&mut plan.fates).enumerate() {
        let is_empty = shape.line.start == shape.line.end;
        if shape.lines >= FREQUENT || is_empty {
            *fate = Fate::Direct(plan.templates.len());
            plan.templates.push(Template {
                literals: literals(shape.line, scan.fields_of_shape(shape)).collect(),
                lines: shape.lines,
            });
        } else {
            rare.push(at);
        }
    }
    if !rare.is_empty() {
        let groups = group(scan, &plan, rare);
        settle(&mut plan, groups);
    }
    plan
}

/// Rare shapes, put to the frequent ones that leave enough open, or to one another.
fn group(scan: &Scan<'_>, plan: &Plan, mut rare: Vec<usize>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut of_structure: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for (shape, fate) in scan.shapes.iter().zip(&plan.fates) {
        if let Fate::Direct(template) = fate {
            let group = Group::new(scan, shape, Some(*template));
            let alike = of_structure.entry(structure(scan, &group)).or_default();
            alike.push(groups.len());
            groups.push(group);
        }
    }
    rare.sort_by_key(|at| Reverse(scan.shapes.get(*at).map_or(0, |shape| shape.lines)));
    for at in rare {
        let Some(shape) = scan.shapes.get(at) else {
            continue;
        };
        let mut new = Group::new(scan, shape, None);
        let alike = of_structure.entry(structure(scan, &new)).or_default();
        let compared = alike.iter().take(MOST_COMPARED).copied();
        let likeness = compared.filter_map(|at| Some((new.likeness(scan, groups.get(at)?)?, at)));
        // The first of the most alike.
        let best = likeness.max_by_key(|(likeness, at)| (*likeness, Reverse(*at)));
        if let Some(group) = best.and_then(|(_, best)| groups.get_mut(best)) {
            group.take(scan, &new, at);
        } else {
            new.members.push(at);
            alike.push(groups.len());
            groups.push(new);
        }
    }
    groups
}

fn settle(plan: &mut Plan, groups: Vec<Group>) {
    for group in groups {
        let template = match group.template {
            _ if group.members.is_empty() => continue,
            Some(template) => template,
            None if group.lines < WORTHWHILE => continue,
            None => {
                let fields = group.runs.iter().zip(&group.marks);
                let fields: Vec<Span> = fields
                    .filter(|(_, marked)| **marked)
                    .map(|(run, _)| *run)
                    .collect();
                plan.templates.push(Template {
                    literals: literals(group.line, &fields).collect(),
                    lines: 0,
                });
                plan.templates.len() - 1
            }
        };
        if let Some(template) = plan.templates.get_mut(template) {
            template.lines += group.lines;
        }
        for shape in group.members {
            if let Some(fate) = plan.fates.get_mut(shape) {
                *fate = Fate::Marked(template, plan.marks.len());
            }
        }
        plan.marks.push(group.marks);
    }
}

/// The string with every run as one letter.
fn structure(scan: &Scan<'_>, group: &Group) -> Vec<u8> {
    let mut structure = Vec::new();
    for literal in literals(group.line, &group.runs) {
        structure.extend_from_slice(literal.of(scan.data));
        structure.push(b'a');
    }
    structure
}

impl Group {
    fn new(scan: &Scan<'_>, shape: &Shape, template: Option<usize>) -> Self {
        let runs = runs(scan.data, shape.line);
        let has_digit = |run: &Span| {
            let mut bytes = run.of(scan.data).iter();
            bytes.any(|byte| class(*byte) == Class::Digit)
        };
        Self {
            line: shape.line,
            marks: runs.iter().map(has_digit).collect(),
            runs,
            members: Vec::new(),
            lines: if template.is_some() { 0 } else { shape.lines },
            template,
        }
    }

    /// Run by run: whether both leave it open, or both have the same word there.
    fn same<'g>(&'g self, scan: &'g Scan<'_>, other: &'g Self) -> impl Iterator<Item = bool> + 'g {
        let own = self.runs.iter().zip(&self.marks);
        let others = other.runs.iter().zip(&other.marks);
        own.zip(others).map(|((run, open), (other, other_open))| {
            open == other_open && (*open || run.of(scan.data) == other.of(scan.data))
        })
    }

    /// How many runs are the same as those of `group`; `None` where this one should not be put there. The structure of both
    /// is the same.
    fn likeness(&self, scan: &Scan<'_>, group: &Self) -> Option<(bool, usize)> {
        let same = self.same(scan, group).filter(|same| *same).count();
        let fits = match group.template {
            Some(_) => self
                .same(scan, group)
                .zip(&group.marks)
                .all(|(same, open)| same || *open),
            None => same * 2 >= self.runs.len(),
        };
        fits.then_some((group.template.is_some(), same))
    }

    /// Leaves open what is not the same in `other`.
    fn take(&mut self, scan: &Scan<'_>, other: &Self, shape: usize) {
        let same: Vec<bool> = self.same(scan, other).collect();
        for (open, same) in self.marks.iter_mut().zip(same) {
            *open |= !same;
        }
        self.lines += other.lines;
        self.members.push(shape);
    }
}
