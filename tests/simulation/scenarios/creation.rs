//! Objects that are created.

use dli_operator::simulator::{
    Effect, Fault, Operation,
    model::{ConnectionNames, ConnectionPageCap, QueueListVisibility},
};
use serde_json::json;

use super::{Scenario, bare, base, delete_all, late, unmarked};
use crate::actions::{Action, Colleague, connection, merged, project, queue, refs};

pub(super) fn creation() -> Vec<Scenario> {
    let s = Scenario::new;
    vec![
        s(
            "create-queue",
            "a fault at any effect of a create leaves one queue",
            vec![vec![project(), queue("q1", json!({}))]],
            &[],
        ),
        s(
            "create-connection",
            "a fault at any effect of a create leaves one queue, one connection and one binding",
            vec![base()],
            &[],
        ),
        s(
            "custom-names",
            "the name in the cloud is the one that the spec gives, not the object's",
            vec![
                vec![
                    project(),
                    queue("etl", json!({"queueName": "etl_nightly"})),
                    connection(merged(refs(&["etl"]), json!({"connectionName": "vpc_east"}))),
                ],
                vec![connection(merged(json!({"queues": []}), json!({"connectionName": "vpc_east"})))],
            ],
            &[None],
        ),
        s(
            "names-not-unique",
            "a second create call would make a second connection",
            vec![base(), delete_all()],
            &[None],
        )
        .on(|config| config.answers.connection_names = ConnectionNames::Free),
        s(
            "many-others",
            "a connection on a later page of the list is found",
            vec![
                (0..104).map(|n| Action::Console(Colleague::CreateConnection(format!("other{n:03}")))).collect(),
                base(),
            ],
            &[Some(60_000)],
        )
        .on(|config| {
            config.page_cap = 100;
            config.answers.connection_page_cap = ConnectionPageCap::Capped;
        }),
        s(
            "lost-create",
            "a create call without an answer is not sent again blindly",
            vec![base(), delete_all()],
            &[None],
        )
        .on(|config| {
            config.answers.connection_names = ConnectionNames::Free;
            config.faults.push(Fault::next(Operation::CreateConnection, Effect::DropAfter));
        }),
        s(
            "outage",
            "an empty list after a long outage does not show that anything is gone",
            vec![
                base(),
                vec![
                    Action::Outage(600_000),
                    Action::Arm(Fault {
                        times: 3,
                        ..Fault::next(Operation::ListConnections, Effect::TruncatedList { keep: 0 })
                    }),
                ],
            ],
            &[None],
        )
        .on(|config| config.answers.connection_names = ConnectionNames::Free),
        s(
            "two-connections",
            "each connection finds its own create call in the list",
            vec![[base(), vec![bare("test0")]].concat()],
            &[],
        )
        .on(|config| config.answers.connection_names = ConnectionNames::Free),
        s(
            "unmarked-and-late",
            "ownership holds without readable owner tags and with lists that lag",
            vec![base(), delete_all()],
            &[None],
        )
        .on(|config| {
            unmarked(config);
            late(config);
        }),
        s(
            "late",
            "what was just created is not created again while lists do not show it",
            vec![base(), delete_all()],
            &[None],
        )
        .on(late),
        s(
            "late-by-name",
            "a list that shows a queue before the read by name does is used",
            vec![base(), delete_all()],
            &[None],
        )
        .on(|config| {
            late(config);
            config.answers.queue_list_visibility = QueueListVisibility::AtOnce;
        }),
        s(
            "general-queue",
            "the list that is read contains queues of every type",
            vec![vec![project(), queue("q1", json!({"queueType": "general"}))]],
            &[],
        ),
    ]
}
