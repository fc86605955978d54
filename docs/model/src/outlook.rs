//! Whether every job can still end, wherever the world has got to, once nothing goes wrong any more.

use std::collections::{HashMap, HashSet};

use stateright::{Expectation, Model};

use crate::model::{Action, Leases, State};

/// What was explored, and the shortest way to a state from which some job cannot end.
pub struct Outlook {
    pub states: usize,
    pub dead_end: Option<(Vec<Action>, State)>,
}

/// Whether the action can happen where no process ends, no message is lost and no living worker is late.
fn is_calm(state: &State, action: Action) -> bool {
    match action {
        Action::Crash(_) | Action::Do(_) | Action::Lose(_) | Action::Repeat(_) => false,
        Action::Tick => !state.is_pressed(),
        _ => true,
    }
}

/// Explores everything, and then goes back from the states in which all jobs are over.
pub fn outlook(model: &Leases) -> Outlook {
    let mut index: HashMap<State, u32> = HashMap::new();
    let mut states: Vec<State> = Vec::new();
    let mut from: Vec<Option<(u32, Action)>> = Vec::new();
    for state in model.init_states() {
        index.insert(state.clone(), states.len() as u32);
        states.push(state);
        from.push(None);
    }
    // The calm steps, by where they lead.
    let mut back: Vec<Vec<u32>> = Vec::new();
    let mut at = 0;
    while at < states.len() {
        let state = states[at].clone();
        let mut actions = Vec::new();
        model.actions(&state, &mut actions);
        for action in actions {
            let Some(next) = model.next_state(&state, action) else { continue };
            let place = *index.entry(next).or_insert_with_key(|next| {
                states.push(next.clone());
                from.push(Some((at as u32, action)));
                states.len() as u32 - 1
            });
            if is_calm(&state, action) {
                back.resize_with(states.len().max(back.len()), Vec::new);
                back[place as usize].push(at as u32);
            }
        }
        at += 1;
    }
    back.resize_with(states.len(), Vec::new);
    let mut hopeful: Vec<bool> = states.iter().map(State::is_over).collect();
    let mut stack: Vec<u32> = (0..states.len() as u32).filter(|at| hopeful[*at as usize]).collect();
    while let Some(at) = stack.pop() {
        for &before in &back[at as usize] {
            if !std::mem::replace(&mut hopeful[before as usize], true) {
                stack.push(before);
            }
        }
    }
    let dead_end = hopeful.iter().position(|hopeful| !hopeful).map(|at| (way(&from, at), states[at].clone()));
    Outlook { states: states.len(), dead_end }
}

impl Leases {
    /// The first property that does not hold, with the shortest way to a state in which it does not.
    pub fn shortest_wrong(&self) -> Option<(&'static str, Vec<Action>)> {
        let always: Vec<_> =
            self.properties().into_iter().filter(|one| one.expectation == Expectation::Always).collect();
        let mut states = self.init_states();
        let mut seen: HashSet<State> = states.iter().cloned().collect();
        let mut from = vec![None; states.len()];
        let mut at = 0;
        while at < states.len() {
            if let Some(broken) = always.iter().find(|one| !(one.condition)(self, &states[at])) {
                return Some((broken.name, way(&from, at)));
            }
            for (action, next) in self.next_steps(&states[at].clone()) {
                if seen.insert(next.clone()) {
                    states.push(next);
                    from.push(Some((at as u32, action)));
                }
            }
            at += 1;
        }
        None
    }
}

fn way(from: &[Option<(u32, Action)>], mut at: usize) -> Vec<Action> {
    let mut actions = Vec::new();
    while let Some((before, action)) = from[at] {
        actions.push(action);
        at = before as usize;
    }
    actions.reverse();
    actions
}
