//! The rules of the house that a compiler does not hold.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers, each importing only those after it. The leaves are open to all and are not named here.
const LAYERS: [&str; 5] = ["python", "processor", "storage", "policy", "model"];

const DRIVERS: [&str; 3] = ["postgres", "redis", "sqlite"];

#[test]
fn a_layer_imports_only_those_below_it() {
    let mut arrows_up = Vec::new();
    for (at, layer) in LAYERS.iter().enumerate() {
        for (file, text) in sources(&format!("src/{layer}"), "rs") {
            for above in &LAYERS[..at] {
                if text.contains(&format!("crate::{above}::")) || text.contains(&format!("use crate::{above};")) {
                    arrows_up.push(format!("{} uses {above}", file.display()));
                }
            }
        }
    }
    assert_eq!(arrows_up, Vec::<String>::new());
}

#[test]
fn drivers_never_see_each_other() {
    for driver in DRIVERS {
        for other in DRIVERS.into_iter().filter(|other| *other != driver) {
            for (file, text) in sources(&format!("src/storage/{driver}"), "rs") {
                let paths = [format!("storage::{other}"), format!("super::{other}")];
                assert!(!paths.iter().any(|path| text.contains(path)), "{} uses {other}", file.display());
            }
        }
    }
}

#[test]
fn only_the_border_knows_pyo3() {
    for (file, text) in sources("src", "rs") {
        let border = file.starts_with(root().join("src/python"));
        assert!(border || !text.contains("pyo3::"), "{} uses pyo3", file.display());
    }
}

#[test]
fn files_stay_small() {
    let bounds =
        [("src", "rs", 400), ("tests", "rs", 400), ("src", "sql", 90), ("src", "lua", 90), ("python", "py", 450)];
    for (folder, ending, most) in bounds {
        for (file, text) in sources(folder, ending) {
            let lines = text.lines().count();
            assert!(lines <= most, "{} has {lines} lines, more than {most}", file.display());
        }
    }
}

#[test]
fn every_query_file_is_used() {
    for driver in ["postgres", "sqlite"] {
        let code: String = sources(&format!("src/storage/{driver}"), "rs").into_iter().map(|(_, text)| text).collect();
        for (file, _) in sources(&format!("src/storage/{driver}/queries"), "sql") {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            let used = code.contains(&format!("\"{name}\"")) || code.contains(&format!("{name}.sql"));
            assert!(used, "{} is used by no statement", file.display());
        }
    }
}

#[test]
fn every_script_file_is_used() {
    let list = fs::read_to_string(root().join("src/storage/redis/scripts.rs")).unwrap();
    for (file, _) in sources("src/storage/redis/scripts", "lua") {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let used = list.contains(&format!(" {name}:")) || list.contains(&format!("\"{name}\""));
        assert!(used, "{} is part of no script", file.display());
    }
}

#[test]
fn every_index_is_named_where_a_query_needs_it() {
    for driver in ["postgres", "sqlite"] {
        let folder = format!("src/storage/{driver}");
        let queries = [sources(&folder, "sql"), sources(&folder, "rs")].concat();
        let migrations = sources(&format!("migrations/{driver}"), "sql");
        let is_gone = |table: &str| {
            let up = migrations.iter().filter(|(file, _)| file.to_string_lossy().ends_with(".up.sql"));
            up.into_iter().any(|(_, text)| text.contains(&format!("DROP TABLE {table};")))
        };
        for (file, text) in &migrations {
            let lines = text
                .lines()
                .filter_map(|line| line.split_once(" INDEX "))
                .filter(|(word, _)| word.starts_with("CREATE"));
            for (_, rest) in lines {
                let mut words = rest.split_whitespace();
                let (index, table) = (words.next().unwrap(), words.nth(1).unwrap());
                assert!(
                    is_gone(table) || queries.iter().any(|(_, text)| text.contains(index)),
                    "{}: {index}",
                    file.display()
                );
            }
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn sources(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} holds no .{ending} file");
    found
}
