#!/usr/bin/env bash
# The operator at work, without a cloud account: a control plane, the DLI
# simulator and the operator, and two queues and a connection that turn Ready.
#
#   ONCE=1         end when all is Ready, instead of waiting for Ctrl-C
#   CONTEXT=name   use the cluster of this kubectl context instead of starting one
#   NAMESPACE=demo where the objects go
#   TIME_SCALE=25  how many times faster than real the simulated cloud is
#   TIME_LIMIT=300 seconds until it gives up
#   DLI_OPERATOR_BIN=target/debug/dli-operator   a program to use instead of building one
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=deploy/local/lib.sh
source deploy/local/lib.sh

context=${CONTEXT:-}
namespace=${NAMESPACE:-demo}
time_scale=${TIME_SCALE:-25}
time_limit=${TIME_LIMIT:-300}
sample=deploy/samples/getting-started.yaml
kinds=dlip,dliq,dlic

[ -f "$sample" ] || fail "no $sample here"
open_work

# Every object as "Kind/name status reason message" of its Ready condition.
# shellcheck disable=SC2016
summary() {
    kubectl -n "$namespace" get "$kinds" -o jsonpath='{range .items[*]}{.kind}/{.metadata.name}{" "}{.status.conditions[?(@.type=="Ready")].status}{" "}{.status.conditions[?(@.type=="Ready")].reason}{" "}{.status.conditions[?(@.type=="Ready")].message}{"\n"}{end}' 2>/dev/null |
        sed -e 's/ *$//' -e '/ /!s/$/ (nothing reported yet)/' || true
}

all_ready() {
    local line count=0
    while read -r line; do
        [ -n "$line" ] || continue
        case $line in
        *" True "*) count=$((count + 1)) ;;
        *) return 1 ;;
        esac
    done
    [ "$count" -ge "$expected" ]
}

# On a terminal the table is drawn over the last one; elsewhere only what has
# changed is printed.
drawn=0
draw() {
    local width table
    width=$(tput cols 2>/dev/null || echo 120)
    table=$(kubectl -n "$namespace" get "$kinds" 2>/dev/null | cut -c "1-$((width - 1))" || true)
    [ "$drawn" -eq 0 ] || printf '\033[%dA\033[J' "$drawn"
    printf '%s\n\n%s s\n' "$table" "$((SECONDS - since))"
    drawn=$(($(wc -l <<<"$table") + 2))
}
seen=
print_changes() {
    local line
    while read -r line; do
        case "$seen"$'\n' in *$'\n'"$line"$'\n'*) continue ;; esac
        [ -z "$line" ] || printf '%4d s  %s\n' "$((SECONDS - since))" "$line"
    done <<<"$1"
    seen=$'\n'$1
}

dump() {
    {
        echo
        echo "--- objects"
        kubectl -n "$namespace" describe "$kinds" || true
        echo "--- the last lines of the simulator"
        tail -n 20 "$work/simulator.log"
        echo "--- the last lines of the operator"
        tail -n 40 "$work/operator.log"
    } >&2
}

watch_until_ready() {
    local now
    since=$SECONDS
    while :; do
        alive "$operator_pid" || { dump; fail "the operator ended by itself"; }
        alive "$simulator_pid" || { dump; fail "the simulator ended by itself"; }
        now=$(summary)
        if [ -t 1 ]; then draw; else print_changes "$now"; fi
        if all_ready <<<"$now"; then return 0; fi
        if [ $((SECONDS - since)) -ge "$time_limit" ]; then
            dump
            fail "not all is Ready after $time_limit s"
        fi
        sleep 1
    done
}

build_all

if [ -n "$context" ]; then
    step "Using the cluster of context $context"
    kubectl config view --minify --flatten --raw --context "$context" >"$work/admin.kubeconfig"
    export KUBECONFIG=$work/admin.kubeconfig
    run kubectl version
    if kubectl get namespace "$namespace" >/dev/null 2>&1; then
        fail "namespace $namespace exists there already; choose another one: make demo CONTEXT=$context NAMESPACE=..."
    fi
    # An earlier demo has left the Deployment, without Pods.
    if [ "$(kubectl -n "$system" get deployment dli-operator --ignore-not-found -o 'jsonpath={.spec.replicas}')" -gt 0 ] 2>/dev/null; then
        fail "dli-operator is installed there already; the demo would be a second one"
    fi
    # The operator is still up when this runs: it releases what it made.
    # shellcheck disable=SC2329
    before_close() {
        step "Removing the demo's objects from $context"
        run kubectl -n "$namespace" delete dlic,dliq --all --ignore-not-found --timeout=90s
        run kubectl -n "$namespace" delete dlip --all --ignore-not-found --timeout=30s
        run kubectl delete namespace "$namespace" --ignore-not-found --timeout=60s
        echo "Left there: the custom resource definitions, the roles, namespace $system. To remove them too:"
        echo "  kubectl --context $context delete -k deploy/base"
    }
else
    start_control_plane
fi
start_simulator "$time_scale"
install_operator_objects

step "Starting the operator with the rights of its own ServiceAccount"
service_account_kubeconfig
write_config
show dli-operator run --config "$work/operator.yaml" --kubeconfig "$work/operator.kubeconfig"
start operator "$operator" run --config "$work/operator.yaml" --kubeconfig "$work/operator.kubeconfig"
operator_pid=$started

step "What a user does: credentials, then YAML"
make_user_namespace "$namespace"
# The only difference from the file as it stands: the project is in the
# simulated cloud.
awk '
    /^ *cloud:/ { next }
    /\{.*region:/ { sub(/region: *[^,}]*/, "&, cloud: simulator") }
    { print }
    /^ *region:/ { sub(/region:.*/, "cloud: simulator"); print }
' "$sample" >"$work/getting-started.yaml"
grep -q 'cloud: simulator' "$work/getting-started.yaml" || fail "found no project in $sample"
run diff "$sample" "$work/getting-started.yaml" || true
run kubectl -n "$namespace" apply -f "$work/getting-started.yaml"
expected=$(grep -c '^kind:' "$sample")

step "What the operator makes of it"
[ -t 1 ] || echo "(a line for each change of a Ready condition: object, status, reason, message)"
watch_until_ready

step "All Ready"
run kubectl -n "$namespace" get "$kinds"
show kubectl -n "$namespace" get dlic test1 -o yaml
kubectl -n "$namespace" get dlic test1 -o yaml | sed -n '/^status:/,$p'

if [ -n "${ONCE:-}" ]; then exit 0; fi

cat <<TEXT

All of it stays up until Ctrl-C. In another terminal:

  export KUBECONFIG=$KUBECONFIG PATH=$bin:\$PATH
  kubectl -n $namespace get dli
  kubectl -n $namespace describe dliq q1
  kubectl -n $namespace patch dlic test1 --type merge -p '{"spec":{"queues":[{"ref":{"name":"q1"}}]}}' && kubectl -n $namespace get dlic -w
  kubectl -n $namespace delete dlic test1
  tail -f $work/operator.log
TEXT
trap 'exit 0' INT
while alive "$operator_pid" && alive "$simulator_pid"; do sleep 1; done
dump
fail "the operator or the simulator ended by itself"
