//! Which part of the model answers which call.

use super::{
    Model,
    answers::{DisabledProject, GetBody, OtherProject, TagsService},
    auth_info, binding, connection,
    errors::Refusal,
    iam, network_route,
    outcome::{Caller, Done},
    pool, pool_queue, pool_time, privilege, property, queue, queue_action, queue_show, quota, tag_search, tags, task,
};
use crate::{
    dli::{HttpRequest, Method},
    simulator::route::{Operation, Route},
};

impl Model {
    pub(super) fn dispatch(
        &mut self,
        route: &Route<'_>,
        caller: &Caller,
        request: &HttpRequest,
    ) -> Result<Done, Refusal> {
        if self.env.config.absent.contains(&route.group) {
            return Err(Refusal::no_such_api());
        }
        match route.operation {
            Operation::Unknown => return Err(Refusal::no_such_api()),
            Operation::CreateToken => return iam::token(&self.env, request),
            Operation::FindProjects => return Ok(iam::projects(&self.env, request)),
            Operation::ListDomains => return Ok(iam::domains(&self.env)),
            _ => {}
        }
        let agrees = caller.project.as_ref().is_none_or(|project| project.as_str() == &*route.project);
        let Some(index) = self.project(&route.project).filter(|_| agrees) else {
            let text = format!("The project {} is not that of the caller.", route.project);
            return Err(match self.env.config.answers.other_project {
                OtherProject::Forbidden => Refusal::gateway(403, "APIGW.0302", text),
                OtherProject::Role => Refusal::role(text),
            });
        };
        let enabled =
            |id: &str| self.env.config.projects.iter().all(|project| project.enabled || project.id.as_str() != id);
        if self.env.config.answers.disabled_project == DisabledProject::Frozen && !enabled(&route.project) {
            let text = format!("The project {} is unavailable.", route.project);
            return Err(Refusal::gateway(403, "APIGW.0310", text));
        }
        let body = request.method == Method::Get && request.body.as_ref().is_some_and(|body| !body.is_empty());
        if body && self.env.config.answers.get_body == GetBody::Refused {
            return Err(Refusal::parameter("Parameter check failed: a get call has no body"));
        }
        let (project, env, name) = (&mut self.projects[index], &mut self.env, &*route.object);
        project.forget(env.now);
        if !project.pools.is_empty() {
            pool_time::advance(project, env);
        }
        match route.operation {
            Operation::ListQueues => queue_show::list(project, env, request),
            Operation::GetQueue => queue_show::get(project, env, name),
            Operation::CreateQueue => queue::create(project, env, request),
            Operation::DeleteQueue => queue::delete(project, env, name),
            Operation::QueueAction => queue_action::action(project, env, name, request),
            Operation::ListConnections => connection::list(project, env, request),
            Operation::GetConnection => connection::get(project, env, name),
            Operation::CreateConnection => connection::create(project, env, request),
            Operation::DeleteConnection => connection::delete(project, env, name),
            Operation::SetHosts => connection::set_hosts(project, env, name, request),
            Operation::AssociateQueue => binding::bind(project, env, name, request),
            Operation::DisassociateQueue => binding::unbind(project, env, name, request),
            Operation::ListTags | Operation::CreateTags | Operation::DeleteTags => {
                tags::handle(project, env, route, request)
            }
            Operation::ListProperties
            | Operation::CreateProperties
            | Operation::UpdateProperties
            | Operation::DeleteProperties => property::handle(project, env, route.operation, name, request),
            Operation::CreateConnectivityTest => task::test(project, env, name, request),
            Operation::GetConnectivityTest => task::result(project, env, name, &route.part),
            Operation::ListJobs => task::jobs(project, env, request),
            Operation::CreateRoute => network_route::add(project, env, name, request),
            Operation::DeleteRoute => network_route::delete(project, env, name, &route.part),
            Operation::ListConnectionPrivileges => privilege::of_connection(project, env, name),
            Operation::Authorize => privilege::authorize(project, env, request),
            Operation::ListPrivileges => privilege::list(project, env, request),
            Operation::CreatePool => pool::create(project, env, request),
            Operation::ListPools => pool::list(project, env, request),
            Operation::UpdatePool => pool::update(project, env, name, request),
            Operation::DeletePool => pool::delete(project, env, name, request),
            Operation::AssociatePoolQueue => pool_queue::associate(project, env, name, request),
            Operation::ListPoolQueues => pool_queue::list(project, env, name, request),
            Operation::UpdatePoolQueue => pool_queue::set_policies(project, env, name, &route.part, request),
            Operation::ListScaleRecords => pool_queue::records(project, env, name, request),
            Operation::CreateAuthInfo => auth_info::create(project, env, request),
            Operation::ListAuthInfos => auth_info::list(project, env, request),
            Operation::UpdateAuthInfo => auth_info::update(project, env, request),
            Operation::DeleteAuthInfo => auth_info::delete(project, env, name),
            Operation::ListQuotas => Ok(quota::list(project, env)),
            Operation::ListProjectTags | Operation::FilterByTags | Operation::CountByTags
                if env.config.answers.tags_service == TagsService::Absent =>
            {
                Err(Refusal::no_such_api())
            }
            Operation::ListProjectTags | Operation::FilterByTags | Operation::CountByTags => {
                tag_search::handle(project, env, route.operation, route.tagged, request)
            }
            Operation::Unknown | Operation::CreateToken | Operation::FindProjects | Operation::ListDomains => {
                Err(Refusal::no_such_api())
            }
        }
    }
}
