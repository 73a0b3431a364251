"""Drives every call of the official SDK that the simulator serves, and checks the typed answers.

    drive.py URL ACCESS_KEY SECRET_KEY PROJECT

The SDK signs by itself and decodes into its own models. Each attribute of an answer must have the type that the
model declares, and the attributes named with a call must have the value given. The table goes to standard output;
the exit code is 1 if anything differs or a call is left out.
"""

import json
import sys
import urllib.request

import huaweicloudsdkdli.v1 as sdk
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

URL, ACCESS_KEY, SECRET_KEY, PROJECT = sys.argv[1:]

# Calls of the SDK about something that the simulator does not have.
OUT_OF_SCOPE = {
    "batch_delete_queue_plans", "create_queue_plan", "delete_queue_plan", "list_queue_plans", "update_queue_plan",
    "create_datasource_connection", "delete_datasource_connection", "list_datasource_connections",
    "show_datasource_connection", "create_period_elastic_resource_pool_spec_change_order", "list_queue_users",
    "register_authorized_queue", "list_table_privileges", "run_data_authorization_action", "update_queue_cidr",
}
TOPICS = ("queue", "pool", "connection", "auth_info", "tag", "quota", "propert", "route", "connectivity",
          "authoriz", "privilege")
BASIC = {"str": str, "int": int, "float": (int, float), "bool": bool, "object": object}

client = sdk.DliClient.new_builder() \
    .with_credentials(BasicCredentials(ACCESS_KEY, SECRET_KEY, PROJECT)) \
    .with_endpoint(URL) \
    .build()
rows, faults = [], []


def camel(name):
    return "".join(word.capitalize() for word in name.split("_"))


def mistyped(value, kind, where):
    """Attributes that do not have the type that the model declares; and how many were looked at."""
    if value is None:
        return [], 0
    if kind.startswith("list["):
        if not isinstance(value, list):
            return ["%s is no list" % where], 1
        parts = [mistyped(item, kind[5:-1], "%s[%d]" % (where, i)) for i, item in enumerate(value)]
    elif kind.startswith("dict("):
        return ([] if isinstance(value, dict) else ["%s is no map" % where]), 1
    elif kind in BASIC:
        good = isinstance(value, BASIC[kind]) and not (kind == "int" and isinstance(value, bool))
        return ([] if good else ["%s is %r, not %s" % (where, value, kind)]), 1
    else:
        if type(value).__name__ != kind:
            return ["%s is %r, not %s" % (where, value, kind)], 1
        parts = [mistyped(getattr(value, name), of, "%s.%s" % (where, name))
                 for name, of in value.openapi_types.items()]
    return [text for texts, _ in parts for text in texts], sum(count for _, count in parts)


def look(answer, path):
    for step in path.replace("]", "").replace("[", ".").split("."):
        answer = answer[int(step)] if step.isdigit() else getattr(answer, step)
    return answer


def call(operation, expect=None, code=200, body=None, **path):
    """Makes a call; `expect` maps attributes to values or to predicates."""
    request = getattr(sdk, camel(operation) + "Request")(**path)
    if body is not None:
        request.body = getattr(sdk, camel(operation) + "RequestBody")(**body)
    try:
        answer = getattr(client, operation)(request)
    except Exception as error:  # whatever the SDK makes of an answer that it does not like
        rows.append((operation, "failed", ""))
        faults.append("%s: %s: %s" % (operation, type(error).__name__, error))
        return None
    wrong, count = mistyped(answer, type(answer).__name__, operation)
    if answer.status_code != code:
        wrong.append("%s: status %s, not %s" % (operation, answer.status_code, code))
    for name, wanted in (expect or {}).items():
        try:
            value = look(answer, name)
            good = wanted(value) if callable(wanted) else value == wanted
        except (AttributeError, IndexError, TypeError) as error:
            value, good = error, False
        if not good:
            wrong.append("%s: %s is %r" % (operation, name, value))
    rows.append((operation, "%d typed" % count, ", ".join(["status %d" % code] + list(expect or {}))))
    faults.extend(wrong)
    return answer


def refused(operation, http, code, body=None, **path):
    request = getattr(sdk, camel(operation) + "Request")(**path)
    if body is not None:
        request.body = getattr(sdk, camel(operation) + "RequestBody")(**body)
    try:
        getattr(client, operation)(request)
        faults.append("%s was not refused" % operation)
    except ClientRequestException as error:
        rows.append((operation, "refused", "status %s, error_code %s, request_id" % (http, code)))
        if (error.status_code, error.error_code) != (http, code) or not error.request_id:
            faults.append("%s: refused with %s" % (operation, error))


def pass_time(ms):
    body = json.dumps({"advanceMs": ms}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(URL + "/_simulator/clock", body).read()


def tag(key, value):
    return sdk.Tag(key=key, value=value)


def some(value):
    return bool(value)


HOUR = 3600 * 1000
success = {"is_success": True}

# Queues.
call("create_queue", {"is_success": True, "queue_name": "etl"}, body=dict(
    queue_name="ETL", queue_type="sql", description="d", cu_count=64, charging_mode=1, enterprise_project_id="0",
    platform="x86_64", resource_mode=1, labels=["multi_az=2"], feature="basic", tags=[tag("team", "data")], engine="spark",
    properties=sdk.CreateQueueRequestBodyProperties(compute_engine_spark_native_enabled="true")))
refused("create_queue", 400, "DLI.0006", body=dict(queue_name="etl", cu_count=16))
queues = call("list_queues", {
    "is_success": True, "queues[0].queue_name": "default", "queues[1].queue_name": "etl", "queues[1].cu_count": 64,
    "queues[1].labels": "multi_az=2", "queues[1].feature": "basic", "queues[1].platform": "x86_64",
    "queues[1].resource_mode": 1, "queues[1].is_restarting": False, "queues[1].resource_id": lambda v: len(v) == 36,
    "queues[1].create_time": some, "queues[1].support_spark_versions": some},
    queue_type="all", with_priv=True, with_charge_info=True)
queue_id = queues.queues[1].queue_id
call("list_queues", {"queues": lambda v: [q.queue_name for q in v] == ["etl"]}, tags="team=data")
call("show_queue", {"queue_name": "etl", "queue_type": "sql", "cu_count": 64, "charging_mode": 1, "queue_id": queue_id,
                    "description": "d", "resource_mode": 1}, queue_name="etl")
refused("show_queue", 400, "DLI.0002", queue_name="nope")
refused("run_queue_action", 400, "DLI.0999", queue_name="etl", body=dict(action="scale_out", cu_count=16))
pass_time(HOUR)
call("create_queue_property", success, queue_name="etl", body=dict(properties=sdk.CommonQueueProperty(
    compute_engine_max_instance=4, job_max_concurrent=20)))
call("update_queue_property", success, queue_name="etl", body=dict(properties=sdk.AdvancedQueueProperty(
    compute_engine_max_prefetch_instance=0, job_save_job_result_to_job_bucket="true")))
call("list_queue_properties", {"properties": lambda v: {p.key: p.value for p in v} == {
    "computeEngine.maxInstance": "4", "computeEngine.maxPrefetchInstance": "0", "job.maxConcurrent": "20",
    "computeEngine.spark.nativeEnabled": "true", "job.saveJobResultToJobBucket": "true"}}, queue_name="etl")
call("delete_queue_property", success, queue_name="etl", body=dict(keys=["job.maxConcurrent"]))
call("run_queue_action", {"queue_name": "etl", "result": True}, queue_name="etl",
     body=dict(action="scale_out", cu_count=16))
pass_time(HOUR)
call("show_queue", {"cu_count": 80}, queue_name="etl")
call("run_queue_action", {"is_success": True, "job_id": some}, queue_name="etl", body=dict(action="restart", force=True))
pass_time(HOUR)

# Connections, their routes and grants.
connection = call("create_enhanced_connection", {"is_success": True, "connection_id": lambda v: len(v) == 36}, 201,
                  body=dict(name="c1", dest_vpc_id="vpc", dest_network_id="net", queues=["etl"], tags=[tag("a", "b")],
                            hosts=[sdk.EnhancedConnectionHost(name="h", ip="10.0.0.1")], routetable_id="rt"))
cid = connection.connection_id
call("show_enhanced_connection", {
    "id": cid, "name": "c1", "status": "ACTIVE", "dest_vpc_id": "vpc", "dest_network_id": "net", "create_time": some,
    "hosts[0].ip": "10.0.0.1", "available_queue_info[0].name": "etl", "available_queue_info[0].status": "CREATING",
    "available_queue_info[0].peer_id": some, "elastic_resource_pools": []}, connection_id=cid)
refused("delete_enhanced_connection", 400, "DLI.0999", connection_id=cid)
pass_time(HOUR)
call("list_enhanced_connections", {"count": 1, "connections[0].id": cid, "connections[0].is_privis": True,
                                   "connections[0].available_queue_info[0].status": "ACTIVE"},
     status="ACTIVE", limit=0, name="c1", tags="a=b", offset=0)
call("update_enhanced_connection", success, connection_id=cid, body=dict(hosts=[]))
call("show_enhanced_connection", {"hosts": []}, connection_id=cid)
call("create_route_to_enhanced_connection", success, connection_id=cid, body=dict(name="r1", cidr="10.1.0.0/16"))
call("create_enhanced_connection_routes", success, connection_id=cid, body=dict(name="r2", cidr="10.2.0.0/16"))
refused("create_route_to_enhanced_connection", 400, "DLI.0006", connection_id=cid, body=dict(name="r1", cidr="10.3.0.0/16"))
call("delete_route_from_enhanced_connection", success, connection_id=cid, name="r1")
call("delete_enhanced_connection_routes", success, connection_id=cid, name="r2")
edsconnection = "edsconnections." + cid
call("run_authorization_action", success, body=dict(project_id="other", action="grant", privileges=[
    sdk.Privilege(object=edsconnection, privileges=["BIND_QUEUE"])]))
call("show_enhanced_connection_privilege", {
    "connection_id": cid, "privileges[0].object": edsconnection, "privileges[0].applicant_project_id": "other",
    "privileges[0].privileges": ["BIND_QUEUE"]}, connection_id=cid)
call("list_authorization_privileges", {"object_name": cid, "object_type": "edsconnection", "count": 1,
                                       "privileges[0].privileges": ["BIND_QUEUE"]}, object=edsconnection)
call("list_enhanced_connections", {"connections[0].is_privis": False})
task = call("create_connectivity_task", {"is_success": True, "task_id": some}, queue_name="etl",
            body=dict(address="192.168.0.1:3306"))
call("show_connectivity_task", {"connectivity": ""}, queue_name="etl", task_id=str(task.task_id))
pass_time(HOUR)
call("show_connectivity_task", {"connectivity": "REACHABLE"}, queue_name="etl", task_id=str(task.task_id))

# Pools.
call("create_elastic_resource_pool", {"is_success": True, "elastic_resource_pool_name": "pool"}, body=dict(
    elastic_resource_pool_name="Pool", description="d", cidr_in_vpc="172.16.0.0/18", min_cu=64, max_cu=112,
    charging_mode=1, enterprise_project_id="0", tags=[tag("team", "data")], ipv6_enable=False))
refused("create_elastic_resource_pool", 400, "DLI.0006",
        body=dict(elastic_resource_pool_name="pool", min_cu=64, max_cu=112))
refused("delete_elastic_resource_pool", 400, "DLI.0999", elastic_resource_pool_name="pool")
call("list_elastic_resource_pools", {"count": 1, "elastic_resource_pools[0].status": "CREATING"})
pass_time(HOUR)
pools = call("list_elastic_resource_pools", {
    "count": 1, "elastic_resource_pools[0].status": "AVAILABLE", "elastic_resource_pools[0].min_cu": 64,
    "elastic_resource_pools[0].max_cu": 112, "elastic_resource_pools[0].current_cu": 64,
    "elastic_resource_pools[0].cidr_in_vpc": "172.16.0.0/18", "elastic_resource_pools[0].label": {},
    "elastic_resource_pools[0].queues": [], "elastic_resource_pools[0].fail_reason": ""},
    name="PO", status="available", tags="team=data", limit=100, offset=0)
pool_id = pools.elastic_resource_pools[0].resource_id
call("create_queue", {"queue_name": "inner"}, body=dict(
    queue_name="inner", cu_count=32, resource_mode=1, elastic_resource_pool_name="pool"))
call("list_queues", {"queues[2].elastic_resource_pool_name": "pool"}, queue_type="all")
call("list_elastic_resource_pool_queues", {
    "count": 1, "queues[0].queue_name": "inner", "queues[0].queue_type": "sql", "queues[0].engine": "spark",
    "queues[0].queue_scaling_policies[0].priority": 1, "queues[0].queue_scaling_policies[0].min_cu": 32,
    "queues[0].queue_scaling_policies[0].impact_start_time": "00:00",
    "queues[0].queue_scaling_policies[0].impact_stop_time": "24:00"}, elastic_resource_pool_name="pool",
    queue_name="nne", limit=100, offset=0)
pass_time(HOUR)
policy = dict(priority=1, impact_start_time="00:00", impact_stop_time="24:00", min_cu=32, max_cu=96)
call("update_elastic_resource_pool_queue", success, elastic_resource_pool_name="pool", queue_name="inner",
     body=dict(queue_scaling_policies=[sdk.QueueScalingPolicy(**policy)]))
pass_time(2 * HOUR)
call("list_elastic_resource_pools", {
    "elastic_resource_pools[0].actual_cu": 96, "elastic_resource_pools[0].queues": ["inner"]})
call("list_elastic_resource_pool_scale_records", {
    "count": 1, "items[0].origin_cu": 64, "items[0].target_cu": 96, "items[0].status": "success"},
    elastic_resource_pool_name="pool", status="success", limit=100, offset=0)
call("create_queue", {"queue_name": "mover"}, body=dict(queue_name="mover", cu_count=16, resource_mode=1))
pass_time(HOUR)
call("associate_queue_to_elastic_resource_pool", success, elastic_resource_pool_name="pool",
     body=dict(queue_name="mover"))
pass_time(HOUR)
call("update_elastic_resource_pool", success, elastic_resource_pool_name="pool",
     body=dict(description="", min_cu=64, max_cu=128))
pass_time(2 * HOUR)
call("associate_queue_to_enhanced_connection", {"message": "associated peer connection for queues: {pool}."},
     connection_id=cid, body=dict(elastic_resource_pools=["pool"]))
pass_time(HOUR)
call("show_enhanced_connection", {"elastic_resource_pools[0].name": "pool", "elastic_resource_pools[0].status": "ACTIVE",
                                  "available_queue_info[0].name": "etl"}, connection_id=cid)
call("disassociate_queue_from_enhanced_connection", {"message": "Disassociated peer connection for queues:{etl,pool}."},
     connection_id=cid, body=dict(queues=["etl"], elastic_resource_pools=["pool"]))

# Tags.
for kind, of in (("dli_queue", str(queue_id)), ("dli_enhanced_datasource", cid), ("dli_elastic_resource_pool", pool_id)):
    call("batch_create_resource_tags", {}, 204, resource_type=kind, resource_id=of, body=dict(tags=[tag("x", "1")]))
    call("show_resource_tags", {"count": 2, "tags": lambda v: {t.key for t in v} >= {"x"}}, resource_type=kind,
         resource_id=of, limit=10, offset=0)
    call("list_resources_tags", {"tags": lambda v: ("x", ["1"]) in [(t.key, t.values) for t in v]}, resource_type=kind)
    wanted = dict(tags=[sdk.TagWithValues(key="x", values=["1"])])
    call("list_resources_by_tags", {"total_count": 1, "resources[0].resource_id": of, "resources[0].tags": some},
         resource_type=kind, body=wanted, limit=10, offset=0)
    call("count_resources_by_tags", {"total_count": 1}, resource_type=kind, body=wanted)
    call("batch_delete_resource_tags", {}, 204, resource_type=kind, resource_id=of, body=dict(tags=[tag("x", "1")]))

# Datasource authentications, in both versions.
for suffix, name in (("job_auth_info", "v3"), ("auth_info", "v2")):
    login = dict(auth_info_name=name, datasource_type="passwd", user_name="u", password="secret")
    call("create_" + suffix, success, 201, body=login)
    listed = "list_job_auth_infos" if name == "v3" else "list_auth_info"
    call(listed, {"count": 1, "auth_infos[0].auth_info_name": name, "auth_infos[0].user_name": "u",
                  "auth_infos[0].datasource_type": "passwd", "auth_infos[0].create_time": some},
         auth_info_name=name, limit=10, offset=0)
    call("update_" + suffix, success, body=dict(auth_info_name=name, user_name="w"))
    call(listed, {"auth_infos[0].user_name": "w"})
    call("delete_" + suffix, success, auth_info_name=name)
    call(listed, {"count": 0, "auth_infos": []})

call("show_quota", {"quotas.resources": lambda v: {r.type: r.used for r in v}["QUEUE"] == 3})

# Away again.
call("delete_enhanced_connection", {"is_success": True, "message": "Deleted"}, connection_id=cid)
call("show_enhanced_connection", {"status": "DELETED"}, connection_id=cid)
for name in ("etl", "inner", "mover"):
    call("delete_queue", success, queue_name=name)
pass_time(HOUR)
call("delete_elastic_resource_pool", success, elastic_resource_pool_name="pool")
pass_time(HOUR)
call("list_elastic_resource_pools", {"count": 0, "elastic_resource_pools": []})
refused("delete_elastic_resource_pool", 400, "DLI.0002", elastic_resource_pool_name="pool")

known = {name for name in dir(sdk.DliClient) if not name.startswith("_") and not name.endswith("invoker")
         and any(topic in name for topic in TOPICS)}
done = {name for name, _, _ in rows}
faults.extend("%s is not called" % name for name in sorted(known - OUT_OF_SCOPE - done))
faults.extend("%s is not a call of the SDK" % name for name in sorted(OUT_OF_SCOPE - known))
width = max(len(name) for name in done)
for name, typed, checked in rows:
    print("%-*s  %-10s  %s" % (width, name, typed, checked))
print("%d calls of %d operations; %d operations of the SDK are out of scope" % (len(rows), len(done), len(OUT_OF_SCOPE)))
for fault in faults:
    print("WRONG " + fault)
sys.exit(1 if faults else 0)
