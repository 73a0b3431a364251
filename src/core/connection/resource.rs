//! What an `EnhancedConnection` is in the cloud: its calls, its readings, and which of its fields cannot be changed.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::{
    api::{Drift, EnhancedConnection, EnhancedConnectionSpec, EnhancedConnectionStatus, ManagementPolicy},
    core::{
        conditions::Reason,
        inventory::Observed,
        managed::{CreateInputs, Heard, Managed, Names, Ownership, Reconcile, default_name, managed_fields},
        pass::{Context, Flow, Observations, ResourceObservations},
        seam::{Intent, Millis, Next, ObjectKind, Status, durations::WAIT_FOR_QUEUES},
        state::ProjectState,
    },
    dli::{
        Call, CallError, ConnectionId, ConnectionItem, ConnectionName, ConnectionState, CreateConnection, EpochMillis,
        PeeringState, QueueName, Reply, ResourceType, Tag,
    },
};

use super::{
    apply::{reconcile_connection, record_connection},
    hosts::{asked_hosts, hosts},
    readings,
    targets::fetch_targets,
};

impl Managed for EnhancedConnection {
    type Id = ConnectionId;
    type Item = ConnectionItem;

    const KIND: ObjectKind = ObjectKind::Connection;
    const NOUN: &'static str = "connection";
    const NAMES: Names = Names::MayRepeat;
    const TAGGED_AS: ResourceType = ResourceType::Connection;
    const NAME_FIELD: &'static str = "spec.connectionName";

    managed_fields!(EnhancedConnectionStatus, Connection);

    fn remote_name(&self) -> String {
        match self.spec.connection_name.as_deref() {
            Some(name) => name.to_owned(),
            None => default_name(self.metadata.name.as_deref().unwrap_or_default()),
        }
    }

    fn invalid_name(&self) -> Option<&'static str> {
        let name = self.remote_name();
        if name.is_empty() || name.len() > 64 {
            Some("must have 1 to 64 characters")
        } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            Some("must consist of letters, digits and _")
        } else {
            None
        }
    }

    fn id(&self) -> Option<ConnectionId> {
        self.status.as_ref().and_then(|s| s.connection_id.as_deref()).map(ConnectionId::new)
    }

    fn status_without_resource(&self, conditions: Vec<Condition>) -> Status {
        Status::Connection(Box::new(EnhancedConnectionStatus {
            observed_generation: self.metadata.generation,
            conditions,
            project: self.status.as_ref().and_then(|s| s.project.clone()),
            connection_name: Some(self.remote_name()),
            ..EnhancedConnectionStatus::default()
        }))
    }

    fn id_of(item: &ConnectionItem) -> Option<ConnectionId> {
        Some(item.id.clone())
    }

    fn parse_id(text: &str) -> Option<ConnectionId> {
        Some(ConnectionId::new(text))
    }

    fn name_of(item: &ConnectionItem) -> &str {
        item.name.as_str()
    }

    fn created_at(item: &ConnectionItem) -> Option<EpochMillis> {
        item.create_time
    }

    fn fixed_differences(&self, item: &ConnectionItem) -> Vec<Drift> {
        // Every field of the spec is named, so that a new one does not compile until it is sorted in here.
        let EnhancedConnectionSpec {
            dest_vpc_id,
            dest_network_id,
            // Never returned.
            route_table_id: _,
            tags: _,
            // Compared by the plan: they can be changed.
            queues: _,
            hosts: _,
            // Not part of the resource.
            project_ref: _,
            connection_name: _,
            management_policy: _,
            suspend: _,
            deletion_policy: _,
            adoption_policy: _,
        } = &self.spec;
        let fields =
            [("destVpcId", dest_vpc_id, &item.dest_vpc_id), ("destNetworkId", dest_network_id, &item.dest_network_id)];
        let differs = |(field, want, have): (&str, &String, &Option<String>)| {
            let have = have.as_ref().filter(|have| *have != want)?.clone();
            Some(Drift { field: field.to_owned(), want: want.clone(), have })
        };
        fields.into_iter().filter_map(differs).collect()
    }

    fn observed(observations: &Observations) -> &ResourceObservations<ConnectionItem> {
        &observations.connection
    }

    fn observed_mut(observations: &mut Observations) -> &mut ResourceObservations<ConnectionItem> {
        &mut observations.connection
    }

    fn known(project: &ProjectState, _: &str, id: Option<&ConnectionId>) -> Option<Observed<ConnectionItem>> {
        project.inventory.connections.get(id?).cloned()
    }

    fn named(project: &ProjectState, name: &str) -> Vec<Observed<ConnectionItem>> {
        let name = ConnectionName::new(name);
        let named = project.inventory.connections.named(&name);
        named.filter(|seen| seen.item.state != ConnectionState::Deleted).cloned().collect()
    }

    fn complete(project: &ProjectState) -> Option<Millis> {
        project.inventory.connections.complete()
    }

    fn get(_: &str, id: Option<&ConnectionId>) -> Option<Call> {
        id.cloned().map(Call::GetConnection)
    }

    fn list_tagged(tag: Tag) -> Call {
        Call::ListConnections { tag: Some(tag), offset: 0, limit: 0 }
    }

    fn delete(_: &str, id: &ConnectionId) -> Call {
        Call::DeleteConnection(id.clone())
    }

    fn create_inputs(r: &mut Reconcile<'_, '_, Self>) -> Flow<CreateInputs> {
        let targets = fetch_targets(r)?.unwrap_or_default();
        if let Some(first) = targets.iter().find_map(|target| target.blocked_by.clone()) {
            let created = r.object.metadata.creation_timestamp.as_ref().map_or(0, |t| t.0.as_millisecond());
            let left = created + WAIT_FOR_QUEUES as EpochMillis - r.server_time();
            let patient = r.common().management == ManagementPolicy::Report;
            if left > 0 || patient {
                let message = format!("{first} The connection is created once its queues exist.");
                let wait = if patient { WAIT_FOR_QUEUES } else { left as Millis };
                return r.report_waiting(Reason::WaitingForDependency, message, r.now() + wait);
            }
        }
        let bound = targets.iter().filter(|target| target.blocked_by.is_none());
        let targets = bound.map(|target| target.name.to_string()).collect();
        Ok(CreateInputs { targets, hosts_hash: asked_hosts(r.object) })
    }

    fn create(&self, intent: &Intent, mut tags: Vec<Tag>) -> Option<Call> {
        if intent.hosts_hash != asked_hosts(self) {
            return None;
        }
        let EnhancedConnectionSpec {
            dest_vpc_id,
            dest_network_id,
            route_table_id,
            tags: own_tags,
            // The intent names them.
            queues: _,
            hosts: _,
            project_ref: _,
            connection_name: _,
            management_policy: _,
            suspend: _,
            deletion_policy: _,
            adoption_policy: _,
        } = &self.spec;
        tags.extend(own_tags.iter().flatten().map(|t| Tag { key: t.key.clone(), value: t.value.clone() }));
        Some(Call::CreateConnection(Box::new(CreateConnection {
            name: ConnectionName::new(&self.remote_name()),
            dest_vpc_id: dest_vpc_id.clone(),
            dest_network_id: dest_network_id.clone(),
            routetable_id: route_table_id.clone(),
            queues: intent.targets.iter().map(|name| QueueName::new(name)).collect(),
            hosts: hosts(self),
            tags,
        })))
    }

    fn adopted_targets(r: &mut Reconcile<'_, '_, Self>, item: &ConnectionItem) -> Flow<Vec<String>> {
        // What the spec asks for is this object's from now on, whoever bound it.
        let targets = fetch_targets(r)?;
        let known = targets.iter().flatten().filter(|target| !target.unresolved && !target.changing);
        let bound = known.filter(|target| item.entries().any(|entry| entry.name == target.name));
        Ok(bound.map(|target| target.name.to_string()).collect())
    }

    fn created_item(&self, id: &str) -> Option<ConnectionItem> {
        Some(ConnectionItem {
            id: ConnectionId::new(id),
            name: ConnectionName::new(&self.remote_name()),
            state: ConnectionState::Active,
            available_queue_info: Vec::new(),
            elastic_resource_pools: Vec::new(),
            dest_vpc_id: Some(self.spec.dest_vpc_id.clone()),
            dest_network_id: Some(self.spec.dest_network_id.clone()),
            create_time: None,
            hosts: None,
        })
    }

    fn is_surplus(intent: &Intent, item: &ConnectionItem) -> bool {
        item.entries().all(|entry| intent.targets.iter().any(|target| target == entry.name.as_str()))
    }

    fn heard(call: &Call, outcome: Result<Reply, CallError>) -> Heard<ConnectionItem> {
        readings::heard(call, outcome)
    }

    fn learn(ctx: &mut Context<'_>, call: &Call, item: Option<&ConnectionItem>, began: Millis) {
        readings::learn(ctx, call, item, began);
    }

    fn edited(ctx: &mut Context<'_>, call: &Call, outcome: Result<(), CallError>) -> Option<CallError> {
        readings::edited(ctx, call, outcome)
    }

    fn record(r: &mut Reconcile<'_, '_, Self>, item: &ConnectionItem, ownership: &Ownership<'_>) -> Flow<Next> {
        record_connection(r, item, ownership)
    }

    fn operate(r: &mut Reconcile<'_, '_, Self>, seen: &Observed<ConnectionItem>, _: Option<bool>) -> Flow<Next> {
        reconcile_connection(r, seen)
    }

    /// Unbinds what this object bound, where the cloud has refused to delete the connection before: some may want that
    /// first (P-delete-10).
    fn before_delete(r: &mut Reconcile<'_, '_, Self>, id: &ConnectionId) -> Flow<()> {
        if !r.ctx.object_state().delete_refused || r.ctx.observations.unbound {
            return Ok(());
        }
        let Some(read) = r.read(Some(id)) else { return r.call_get(Some(id)) };
        let Some(item) = read.value.filter(|item| item.id == *id) else { return Ok(()) };
        let status = r.object.status.as_ref();
        let mut managed: BTreeSet<String> = status.iter().flat_map(|s| s.managed_targets.iter().cloned()).collect();
        managed.extend(r.intent().into_iter().flat_map(|intent| intent.targets));
        // mutant: unbind-recorded
        let bound = item.entries().filter(|e| e.state == PeeringState::Active && managed.contains(e.name.as_str()));
        let queues: Vec<QueueName> = bound.map(|entry| entry.name.clone()).collect();
        if queues.is_empty() {
            return Ok(());
        }
        r.call(Call::Unbind { id: id.clone(), queues })
    }
}
