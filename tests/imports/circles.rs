//! Circles of imports.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Tree;

/// The shortest circles, each with its first member at both ends. There is none only where there is no circle at all.
pub(crate) fn circles(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let around = imports.keys().filter_map(|start| Some((start, shortest(imports, start)?)));
    // One that is found from several members is told once.
    around
        .filter(|(start, circle)| circle.iter().min() == Some(*start))
        .map(|(_, circle)| circle.join(" -> "))
        .collect()
}

/// The shortest way from a member back to itself.
fn shortest(imports: &BTreeMap<String, BTreeSet<String>>, start: &String) -> Option<Vec<String>> {
    let mut from: BTreeMap<&String, &String> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(member) = queue.pop_front() {
        for next in imports.get(member).into_iter().flatten() {
            if next == start {
                let mut way = vec![start.clone(), member.clone()];
                while way.last() != Some(start) {
                    way.push(from[&way[way.len() - 1]].clone());
                }
                way.reverse();
                return Some(way);
            }
            if !from.contains_key(next) {
                from.insert(next, member);
                queue.push_back(next);
            }
        }
    }
    None
}

/// The check itself: `a` imports from `b` in every way in which that can be written, and `b` from `a`.
#[test]
fn a_circle_is_found() {
    let ways = [
        "use super::b;",
        "use super::b::B;",
        "use super::b::*;",
        "use super::b as other;",
        "use super::b::{self, B as C};",
        "use self::super::b::B;",
        "use crate::x::b::B;",
        "use crate::{dli::{Call, Reply}, x::{c::C, b::{B, D}}};",
        "use super::{c::C, b::{self, B}};",
        "use super :: // of the other\n b :: B ;",
        "fn f() { use super::b::B; }",
        "fn f() { super::b::g(); }",
        "fn f() { crate::x::b::g::<u8>(1); }",
        "fn f() -> Vec<super::b::B> { Vec::<super::b::B>::new() }",
        "impl super::b::B for A { type T = <super::b::B as A>::T; }",
        "use super::c; fn f() { super::b::CONST + c::f(); }",
        "pub use super::b::B;",
        "pub(crate) use super::b::B;",
        "use super::B;",
        "use crate::x::{B, C};",
        "fn f() { super::B::new(); }",
        "use super::Renamed;",
        "use super::Private;",
        "use super::Everything;",
        "use super::macro_of_b;",
        "use super::deep::B;",
        "mod tests { use super::super::b::B; }",
        "mod tests { mod deep { fn f() { super::super::super::b::g(); } } }",
        "mod tests { use super::*; fn f() { crate::x::b::g(); } }",
        "macro_rules! m { () => { $crate::x::b::g() } }",
    ];
    let root = "mod a; mod b; mod c; mod deep;
        pub use b::{B, B as Renamed, macro_of_b}; use self::b::Private; pub use b::*; pub use c::C;";
    let b = "use super::a; pub struct B; struct Private; pub struct Everything; pub(super) use macro_of_b;";
    for way in ways {
        let tree = Tree::made_up(&[
            ("x/mod.rs", root),
            ("x/a.rs", way),
            ("x/b.rs", b),
            ("x/c.rs", "pub struct C;"),
            ("x/deep/mod.rs", "pub use super::b::B;"),
        ]);
        let found = circles(&tree.imports("x"));
        assert!(found.iter().any(|circle| circle == "x/a.rs -> x/b.rs -> x/a.rs"), "{way}: {found:?}");
    }
}

/// A parent that does more than declare and pass on is a file like any other.
#[test]
fn a_circle_through_a_parent_is_found() {
    let parents = [
        "mod c; use c::C; pub struct P;",
        "mod c; use self::c::C; pub struct P;",
        "mod c; pub struct P; fn f() { c::g(); }",
        "mod c; pub use c::C; pub struct P(C);",
        "mod c; pub use c::*; pub struct P(C);",
    ];
    let children = ["use super::P;", "use crate::x::p::P;", "use super::*;", "fn f(p: super::P) {}"];
    for (parent, child) in parents.iter().flat_map(|parent| children.map(|child| (parent, child))) {
        let child = format!("{child} pub struct C; pub fn g() {{}}");
        for name in ["x/p.rs", "x/p/mod.rs"] {
            let tree = Tree::made_up(&[("x/mod.rs", "mod p;"), (name, parent), ("x/p/c.rs", &child)]);
            let found = circles(&tree.imports("x"));
            assert_eq!(found.len(), 1, "{parent} / {child}: {found:?}");
        }
    }
}

#[test]
fn a_circle_of_many_is_told_once_and_from_its_beginning() {
    let tree = Tree::made_up(&[
        ("x/a.rs", "use super::b;"),
        ("x/b.rs", "use super::c;"),
        ("x/c.rs", "use super::{a, d};"),
        ("x/d.rs", "use super::e; use crate::y::a;"),
        ("x/e.rs", ""),
        ("y/a.rs", "use crate::x::d;"),
    ]);
    assert_eq!(circles(&tree.imports("x")), ["x/a.rs -> x/b.rs -> x/c.rs -> x/a.rs"]);
    assert_eq!(circles(&tree.imports("y")), Vec::<String>::new());
}

#[test]
fn what_is_no_import_closes_no_circle() {
    let root = "mod a; mod b; mod tests; pub use a::A; pub use b::{B, f};";
    let a = "use super::{B, b::f}; pub struct A; #[cfg(test)] mod tests { use super::*; fn t() { super::f(); } }";
    let harmless = [
        "",
        "// use super::a;\n/* super::a::f() */ const TEXT: &str = \"super::a\"; const RAW: &str = r\"super::a\";",
        "pub(in super::super) struct S { a: u8 }  fn f(a: S, s: &'a S) -> u8 { let a = 1; s.a + a }",
        "use kube::a::A; use ::a::A; fn f() { kube::super_::a(); other::a::f(); }",
        "use tokio as a; fn f() { a::spawn(); }",
        "macro_rules! m { ($a:ident) => { use super::{$a}; fn f() { $a::f() } } }",
        "struct A; impl A { fn a() {} } fn f() { A::a(); }",
    ];
    for b in harmless {
        let tree = Tree::made_up(&[
            ("x/mod.rs", root),
            ("x/a.rs", a),
            ("x/b.rs", &format!("pub struct B; pub fn f() {{}} {b}")),
            ("x/tests.rs", "use super::*;"),
        ]);
        assert_eq!(circles(&tree.imports("x")), Vec::<String>::new(), "{b}");
    }
}
